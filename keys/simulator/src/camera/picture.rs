//! The lens: finds the QR code in a picture (PNG) and reads its text.
//!
//! Not responsible for: what the text means. Pictures are bounded, since a scanned page may come from
//! anybody.

use std::io::{BufRead, Seek};

use png::{BitDepth, ColorType, Decoder, Limits, Transformations};
use rqrr::PreparedImage;
use thiserror::Error;

/// Most pixels of a side. A QR code of the protocol has at most 85 modules and a margin.
pub const MAX_SIDE: u32 = 4096;
/// Memory that a picture may take while it is unpacked.
const MAX_BYTES: usize = 64 << 20;

/// Why no text was read.
#[derive(Debug, Error)]
pub enum PictureError {
    /// Give a PNG file.
    #[error("the picture is no PNG file, or a damaged one")]
    Malformed(#[from] png::DecodingError),
    /// Give a smaller picture.
    #[error("the picture has more than {MAX_SIDE} pixels on a side")]
    TooLarge,
    /// Hold the code before the camera: larger, sharper, with a white margin.
    #[error("there is no readable QR code in the picture")]
    NoCode,
    /// Show one code at a time.
    #[error("there are several QR codes in the picture")]
    Several,
}

/// The text of the one QR code in a picture.
pub fn read(png: impl BufRead + Seek) -> Result<String, PictureError> {
    let picture = grey(png)?;
    let mut searched = PreparedImage::prepare_from_greyscale(
        picture.width,
        picture.pixels.len().checked_div(picture.width).unwrap_or(0),
        |x, y| picture.at(x, y),
    );
    let grids = searched.detect_grids();
    let mut texts: Vec<String> =
        grids.iter().filter_map(|grid| Some(grid.decode().ok()?.1)).collect();
    texts.dedup();
    match (texts.pop(), texts.is_empty()) {
        (Some(text), true) => Ok(text),
        (None, _) => Err(PictureError::NoCode),
        (Some(_), false) => Err(PictureError::Several),
    }
}

/// A picture in shades of grey.
struct Grey {
    width: usize,
    pixels: Vec<u8>,
}

impl Grey {
    /// Outside of the picture everything is white.
    fn at(&self, x: usize, y: usize) -> u8 {
        let index = y.checked_mul(self.width).and_then(|start| start.checked_add(x));
        index.and_then(|index| self.pixels.get(index)).copied().unwrap_or(u8::MAX)
    }
}

fn grey(png: impl BufRead + Seek) -> Result<Grey, PictureError> {
    let mut decoder = Decoder::new_with_limits(png, Limits { bytes: MAX_BYTES });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let info = reader.info();
    if info.width > MAX_SIDE || info.height > MAX_SIDE {
        return Err(PictureError::TooLarge);
    }
    let size = reader.output_buffer_size().filter(|size| *size <= MAX_BYTES);
    let mut buffer = vec![0; size.ok_or(PictureError::TooLarge)?];
    let frame = reader.next_frame(&mut buffer)?;
    debug_assert_eq!(frame.bit_depth, BitDepth::Eight, "asked for by the transformation");
    let pixels = buffer.chunks_exact(frame.color_type.samples());
    let pixels = pixels.map(|pixel| shade(frame.color_type, pixel)).collect();
    let width = usize::try_from(frame.width).map_err(|_| PictureError::TooLarge)?;
    Ok(Grey { width, pixels })
}

/// How bright a pixel is; what is transparent shows white paper.
fn shade(kind: ColorType, pixel: &[u8]) -> u8 {
    let (grey, alpha) = match (kind, pixel) {
        (ColorType::GrayscaleAlpha, [grey, alpha]) => (*grey, *alpha),
        (ColorType::Rgb, [red, green, blue]) => (brightness(*red, *green, *blue), u8::MAX),
        (ColorType::Rgba, [red, green, blue, alpha]) => (brightness(*red, *green, *blue), *alpha),
        (_, pixel) => (pixel.first().copied().unwrap_or(u8::MAX), u8::MAX),
    };
    let (grey, alpha) = (u32::from(grey), u32::from(alpha));
    u8::try_from((grey * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
}

/// The weights of ITU-R BT.601.
fn brightness(red: u8, green: u8, blue: u8) -> u8 {
    let sum = u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114;
    u8::try_from(sum / 1000).unwrap_or(u8::MAX)
}
