use wengert_tape::check::{Violation, laws, laws_f32};
use wengert_tape::ops::ALL;

fn assert_none(violations: &[Violation]) {
    let list: Vec<String> = violations.iter().map(Violation::to_string).collect();
    assert!(
        violations.is_empty(),
        "{} violations:\n{}",
        list.len(),
        list.join("\n")
    );
}

#[test]
fn every_op_keeps_the_laws() {
    let _set = crate::one_instruction_set();
    let violations: Vec<_> = ALL.iter().flat_map(|row| laws(&(row.samples)())).collect();
    let cases: usize = ALL.iter().map(|row| (row.samples)().cases.len()).sum();
    println!("{} ops, {cases} cases", ALL.len());
    assert_none(&violations);
}

#[test]
fn every_op_keeps_them_in_f32() {
    let _set = crate::one_instruction_set();
    let narrow = ALL
        .iter()
        .flat_map(|row| laws_f32(&(row.samples_f32)(), &(row.samples)()));
    assert_none(&narrow.collect::<Vec<_>>());
}
