//! What ends with a scope ends for everything that remembers it.

use wengert_tape::{Bind, Tape};
use wengert_tensor::Tensor;

use crate::support::caught;

#[test]
fn gradients_of_a_scope_are_no_gradients_of_what_comes_after_it() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::scalar(3.0));
    let back = tape.scope(|tape| {
        let inner = tape.leaf(&Tensor::scalar(5.0));
        (x * inner).backward()
    });
    let new = tape.leaf(&Tensor::scalar(7.0));
    assert!(back.wrt(new).is_none(), "a leaf in the dead one's place");
    assert_eq!(back.wrt(x).unwrap().item(), 5.0);
    let model = vec![Tensor::scalar(1.0)].bind(&tape);
    let cut = caught(|| drop(back.of(&model)));
    assert!(
        cut.message.starts_with("of: the loss does not depend"),
        "{cut:?}"
    );
}

#[test]
fn each_scope_forgets_its_own() {
    let tape = Tape::<f64>::new();
    let x = tape.leaf(&Tensor::scalar(3.0));
    tape.scope(|tape| {
        let a = tape.leaf(&Tensor::scalar(2.0));
        let back = tape.scope(|tape| {
            let b = tape.leaf(&Tensor::scalar(5.0));
            tape.scope(|_| (x * a * b).backward())
        });
        assert!(back.wrt(tape.leaf(&Tensor::scalar(7.0))).is_none());
        assert_eq!(back.wrt(a).unwrap().item(), 15.0);
        assert_eq!(back.wrt(x).unwrap().item(), 10.0);
    });
    // Made outside and asked inside, all of it is there.
    let back = (x * x).backward();
    tape.scope(|tape| {
        assert_eq!(back.wrt(x).unwrap().item(), 6.0);
        assert!(back.wrt(tape.leaf(&Tensor::scalar(7.0))).is_none());
    });
}

#[test]
fn scopes_are_counted_and_never_confused() {
    let mut tape = Tape::<f64>::new();
    for _ in 0..2 {
        tape.set_limits(usize::MAX, usize::MAX, 3);
        let kept: Vec<_> = (0..3)
            .map(|k| {
                let mut kept = None;
                tape.scope(|tape| kept = Some(tape.scalar(k as f64)));
                kept.unwrap()
            })
            .collect();
        let full = caught(|| tape.scope(|_| ()));
        let message = "scope: 3 scopes were opened since the last reset, and their variables must not \
                       be confused: reset the tape";
        assert_eq!(full.message, message);
        assert!(full.file.ends_with("scopes.rs"), "{full:?}");
        for x in kept {
            assert!(
                caught(|| drop(x.value()))
                    .message
                    .contains("after the scope")
            );
        }
        assert_eq!(tape.ones([2]).sum().item(), 2.0);
        tape.reset();
    }
}
