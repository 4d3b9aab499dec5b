//! The pictures of messages: drawn at the edge, so that what is remembered of an answer stays small.
//!
//! Not responsible for: drawing (qr), what a message says (drivers).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use warifu_api::{
    camera::{ActivationAnswer, CameraLeaveAnswer},
    challenge::{ChallengeAnswer, Image, ImageFormat, Message},
};

use crate::{
    ask::Kept,
    failure::Failure,
    qr::{self, Format},
};

/// An answer that may have a message in it.
pub(super) trait Pictured {
    fn message(&mut self) -> Option<&mut Message>;
}

impl Pictured for ActivationAnswer {
    fn message(&mut self) -> Option<&mut Message> {
        self.message.as_mut()
    }
}

impl Pictured for CameraLeaveAnswer {
    fn message(&mut self) -> Option<&mut Message> {
        self.message.as_mut()
    }
}

impl Pictured for ChallengeAnswer {
    fn message(&mut self) -> Option<&mut Message> {
        self.message.as_mut()
    }
}

/// Draws the message as the caller wants it.
pub(super) fn drawn<T: Pictured>(mut kept: Kept<T>, image: Image) -> Result<Kept<T>, Failure> {
    let (Kept::Fresh(answer) | Kept::Replayed(answer)) = &mut kept;
    let Some(message) = answer.message() else { return Ok(kept) };
    let (format, shown) = match image {
        Image::Png => (Format::Png, Some(ImageFormat::Png)),
        Image::Svg => (Format::Svg, Some(ImageFormat::Svg)),
        Image::None => (Format::Svg, None),
    };
    // No message is longer than a picture can be: its frame is bounded by what fits.
    let picture = qr::picture(&message.text, format).map_err(|_| Failure::Bug)?;
    message.version = picture.version;
    message.format = shown;
    message.image = shown.map(|_| STANDARD.encode(&picture.bytes));
    Ok(kept)
}
