//! Pictures of the texts that a camera token reads: QR codes as PNG or SVG.
//!
//! Drawn on the path of a request, so it is meant to be cheap: one core makes hundreds a second, see
//! docs/benchmarks.md. Not responsible for: what the text says (warifu-txa1), or for base64 and HTTP.
//!
//! Public for the benchmark and the tests, which draw without a daemon.

use std::fmt::Write as _;

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};
use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};
use thiserror::Error;

/// The largest code that is drawn: the camera of a token still resolves its modules from a screen.
pub const LARGEST: u8 = 15;

/// White modules around the code (ISO/IEC 18004 demands four).
pub const QUIET: i32 = 4;

/// Pixels along each side of a module of a PNG: a module is one byte wide at one bit per pixel.
pub const SCALE: u32 = 8;

/// How a code is drawn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// One bit per pixel, [`SCALE`] pixels per module.
    Png,
    /// One path without scripts or styles; the unit is the module, so that it may be shown at any size.
    Svg,
}

/// A code as drawn, the quiet zone included.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Picture {
    /// The file.
    pub bytes: Vec<u8>,
    /// Version of the code, 1 to [`LARGEST`]: it has 17 + 4 × version modules on each side.
    pub version: u8,
}

/// Why there is no picture.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the text is too long for a QR code of version {LARGEST}")]
pub struct TooLong;

/// Draws `text` at error correction level M. A text in QR's alphanumeric set, as all Base45 is, takes
/// 5.5 bits a character; any other is drawn as the bytes of its UTF-8.
pub fn picture(text: &str, format: Format) -> Result<Picture, TooLong> {
    let code = encode(text)?;
    let bytes = match format {
        Format::Png => png(&code),
        Format::Svg => svg(&code).into_bytes(),
    };
    Ok(Picture { bytes, version: code.version().value() })
}

/// The level stays M where a higher one would fit as well: the picture of a text never depends on
/// how full its version happens to be.
fn encode(text: &str) -> Result<QrCode, TooLong> {
    let segment = if QrSegment::is_alphanumeric(text) {
        QrSegment::make_alphanumeric(text)
    } else {
        QrSegment::make_bytes(text.as_bytes())
    };
    let (level, largest) = (QrCodeEcc::Medium, Version::new(LARGEST));
    QrCode::encode_segments_advanced(&[segment], level, Version::MIN, largest, None, false)
        .map_err(|_| TooLong)
}

/// Modules on each side, the quiet zone included.
fn side(code: &QrCode) -> i32 {
    code.size() + 2 * QUIET
}

/// Modules of one row, the quiet zone included; `true` is black.
fn row(code: &QrCode, y: i32) -> impl Iterator<Item = bool> + '_ {
    (0..side(code)).map(move |x| code.get_module(x - QUIET, y - QUIET))
}

fn png(code: &QrCode) -> Vec<u8> {
    let mut pixels = Vec::new();
    for y in 0..side(code) {
        let line: Vec<u8> = row(code, y).map(|black| if black { 0x00 } else { 0xFF }).collect();
        for _ in 0..SCALE {
            pixels.extend_from_slice(&line);
        }
    }
    let width = side(code).unsigned_abs() * SCALE;
    let mut file = Vec::with_capacity(8 * 1_024);
    write_png(&mut file, width, &pixels).expect("a Vec takes any bytes, and all rows are there");
    file
}

fn write_png(file: &mut Vec<u8>, width: u32, pixels: &[u8]) -> Result<(), EncodingError> {
    let mut encoder = Encoder::new(file, width, width);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Up); // seven of eight lines are the same as the one above
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()
}

fn svg(code: &QrCode) -> String {
    let side = side(code);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
         <path d=\"{}\"/></svg>\n",
        path(code)
    )
}

/// A rectangle for each run of black modules in a row.
fn path(code: &QrCode) -> String {
    let mut path = String::new();
    for y in 0..side(code) {
        let mut x = 0;
        let modules: Vec<bool> = row(code, y).collect();
        for run in modules.chunk_by(|one, next| one == next) {
            let length = run.len();
            if run.first() == Some(&true) {
                write!(path, "M{x} {y}h{length}v1h-{length}z").expect("a String takes any text");
            }
            x += length;
        }
    }
    path
}

#[cfg(test)]
mod tests;
