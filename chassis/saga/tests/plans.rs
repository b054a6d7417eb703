//! Plans that cannot be undone, or have no point of no return, do not compile.

#[test]
fn a_plan_that_cannot_be_undone_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/plans/*.rs");
}
