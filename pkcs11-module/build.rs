//! Links the shared library so that it stays in memory once loaded.
//!
//! A host may unload a module while a name is still being looked up on a thread, or while a thread
//! that called it has destructors of it to run; both would then jump into nothing.
#![forbid(unsafe_code)]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
