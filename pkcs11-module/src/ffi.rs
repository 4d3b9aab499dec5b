//! The C interface: the only file that knows pointers.
