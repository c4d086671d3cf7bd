//! Stories, and what is none.

use wengert_nn::data::babi;

use crate::hostile::{Folder, cut_everywhere, flip_everywhere};

const STORY: &str = "1 Mary took the milk.\r\n2 Where is it? \tgarden,home\t1\r\n3 John is here.\r\n\
                     4 Who? \tJohn\t3 1\r\n1 New.\r\n2 What? \tNew\t1\r\n";

#[test]
fn a_story_grows_and_ends() {
    let questions = babi::questions(STORY).expect("good stories");
    assert_eq!(questions.len(), 3);
    assert_eq!(questions[0].answer, "garden,home");
    assert_eq!(questions[1].sentences.len(), 2);
    assert_eq!(questions[1].facts, [1, 0]);
    assert_eq!(questions[2].sentences, [["New"]]);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (text, told) in [
        ("", "there is no question in it"),
        ("1 A.\n", "there is no question in it"),
        ("1\n", "line 1: it has no text"),
        ("x y.\n", "line 1: \"x\" is no number"),
        ("1 A.\n\n", "line 2: it has no text"),
        ("2 A.\n", "line 1: number 2 follows 0"),
        ("1 A\n", "line 1: \"A\" does not end with '.'"),
        ("1 A.\n2 B?\tc\n", "line 2: the facts are missing"),
        ("1 A.\n2 B?\t\t1\n", "line 2: the answer is missing"),
        (
            "1 A.\n2 B?\tc\t2\n",
            "line 2: the fact \"2\" is no sentence before it",
        ),
        (
            "1 A.\n2 B?\tc\t0\n",
            "line 2: the fact \"0\" is no sentence before it",
        ),
        ("1 A.\n2 B.\tc\t1\n", "line 2: \"B.\" does not end with '?'"),
        (
            "99999999999999999999 A.\n",
            "line 1: \"99999999999999999999\" is no number",
        ),
    ] {
        let error = babi::questions(text).expect_err(text);
        assert_eq!(error.to_string(), told, "{text:?}");
    }
}

#[test]
fn every_beginning_and_every_byte_is_survived() {
    let read = |bytes: &[u8]| babi::questions(&wengert_nn::data::text::read(bytes)?);
    let whole = babi::questions(STORY).expect("good stories");
    cut_everywhere(STORY.as_bytes(), &whole, read, |_, cut| {
        // What is read of a beginning are the first questions.
        if let Ok(cut) = cut {
            let like = whole[..cut.len()].iter().zip(&cut);
            assert!(
                like.clone()
                    .all(|(a, b)| a.sentences == b.sentences && a.answer == b.answer)
            );
        }
    });
    flip_everywhere(STORY.as_bytes(), read, |_, _, _| {});
}

#[test]
fn a_task_is_found_by_its_number() {
    let folder = Folder::new("babi");
    folder.file("qa1_x_train.txt", STORY.as_bytes());
    folder.file("qa11_y_train.txt", b"");
    assert_eq!(
        babi::load_task(&folder.0, 1, "train")
            .expect("task 1")
            .len(),
        3
    );
    let error = babi::load_task(&folder.0, 1, "test").expect_err("no such part");
    let told = "nothing in it has the name \"qa1_*_test.txt\"";
    assert_eq!(error.to_string(), format!("{}: {told}", folder.0.display()));
}
