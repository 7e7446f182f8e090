//! What must not compile, with the words in which the compiler says so.

#[test]
fn what_a_type_promises_against_is_refused_in_words_that_help() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
