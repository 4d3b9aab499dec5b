//! The shared library as the linker made it.
//!
//! Not responsible for what its functions do.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Built together with these tests, and lies beside them.
fn library() -> PathBuf {
    let own = std::env::current_exe().expect("the path of this test");
    own.parent().expect("a folder").join("libwarifu_pkcs11.so")
}

fn output_of(tool: &str, arguments: &[&str], library: &Path) -> String {
    let output = Command::new(tool).args(arguments).arg(library).output().expect("binutils");
    assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn exactly_the_three_standard_symbols_are_exported() {
    let listed = output_of("nm", &["--dynamic", "--defined-only"], &library());
    let mut names: Vec<_> =
        listed.lines().filter_map(|line| line.split_whitespace().last()).collect();
    names.sort_unstable();
    assert_eq!(names, ["C_GetFunctionList", "C_GetInterface", "C_GetInterfaceList"]);
}

#[test]
fn the_library_stays_in_memory_once_loaded() {
    let listed = output_of("readelf", &["--dynamic", "--wide"], &library());
    let flags = listed.lines().find(|line| line.contains("(FLAGS_1)")).expect("flags");
    assert!(flags.contains("NODELETE"), "{flags}");
}
