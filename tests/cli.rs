//! What the command line says, case by case. A case is a file of tests/cli/; see tests/cli/README.md.

#[test]
fn cases() {
    trycmd::TestCases::new().case("../../tests/cli/*.toml");
}
