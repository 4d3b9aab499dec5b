//! What the daemon and its HSM worker say to each other over a Unix socket.
//!
//! Both ends are built from one workspace, so the encoding (postcard) needs no compatibility of its
//! own; [`PROTOCOL`] in the first message catches a worker binary of another build.
//!
//! Not responsible for: sockets, processes, PKCS#11. A frame is `length (u32 LE) | payload`; the
//! reader bounds the length before it allocates.
#![forbid(unsafe_code)]

pub mod ceremony;
pub mod frame;
pub mod message;
pub mod reply;
pub mod report;
pub mod secret;
pub mod source;

pub use ceremony::{KcvMethod, KeyShape, TransportShape, UnknownShape};
pub use frame::{FrameError, MAX_FRAME, decode, encode};
pub use message::*;
pub use reply::{JobError, Reply};
pub use report::*;
pub use secret::SecretBytes;
pub use source::*;

/// Version of everything in this crate. A difference ends the conversation.
pub const PROTOCOL: u32 = 3;
