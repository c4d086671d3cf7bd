use wengert_tape::check::{Broken, kept, laws, laws_f32};
use wengert_tape::ops::ALL;

#[test]
fn every_op_keeps_the_laws() -> Result<(), Broken> {
    let _set = crate::one_instruction_set();
    kept(ALL.iter().flat_map(|row| laws(&(row.samples)())))?;
    let cases: usize = ALL.iter().map(|row| (row.samples)().cases.len()).sum();
    println!("{} ops, {cases} cases", ALL.len());
    Ok(())
}

#[test]
fn every_op_keeps_them_in_f32() -> Result<(), Broken> {
    let _set = crate::one_instruction_set();
    let narrow = |row: &wengert_tape::ops::Row| laws_f32(&(row.samples_f32)(), &(row.samples)());
    kept(ALL.iter().flat_map(narrow))
}
