//! What must not compile, with the words in which the compiler says so.

#[test]
fn a_read_only_client_cannot_write() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
