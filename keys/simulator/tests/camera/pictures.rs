//! Pictures of QR codes that another program made, and what the lens makes of them.

use std::io::Cursor;

use proptest::prelude::*;
use warifu_token::camera::picture::{self, MAX_SIDE, PictureError};

use crate::bench::{activation, content, text};

fn read(png: &[u8]) -> Result<String, PictureError> {
    picture::read(Cursor::new(png))
}

macro_rules! picture {
    ($name:literal) => {
        include_bytes!(concat!("../pictures/", $name, ".png"))
    };
}

#[test]
fn codes_are_read_from_pictures() {
    let first = text(&activation(0)["am1"]["qr_text"]);
    assert_eq!(read(picture!("first")).unwrap(), first);
    assert_eq!(read(picture!("first_turned")).unwrap(), first, "by a shaky hand");
    let batch = text(&content("batch_items")["qr_text"]);
    assert_eq!(read(picture!("batch_transparent")).unwrap(), batch, "dark blue on nothing");
    assert_eq!(read(picture!("address")).unwrap(), "https://example.jp/");
}

#[test]
fn other_pictures_say_why() {
    assert!(matches!(read(picture!("two")), Err(PictureError::Several)));
    assert!(matches!(read(picture!("empty")), Err(PictureError::NoCode)));
    assert!(matches!(read(b"GIF89a"), Err(PictureError::Malformed(_))));
    let whole: &[u8] = picture!("first");
    for length in [0, 8, 40, whole.len() / 2] {
        assert!(matches!(read(&whole[..length]), Err(PictureError::Malformed(_))), "{length}");
    }
}

#[test]
fn a_picture_without_bounds_is_not_unpacked() {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, MAX_SIDE + 1, 1);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![255; usize::try_from(MAX_SIDE).unwrap() + 1]).unwrap();
    writer.finish().unwrap();
    assert!(matches!(read(&png), Err(PictureError::TooLarge)));
}

/// A code of the vectors as rows of light and dark, without its picture.
fn first_as_grey() -> (u32, Vec<u8>) {
    let mut decoder = png::Decoder::new(Cursor::new(picture!("first")));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let width = reader.next_frame(&mut pixels).unwrap().width;
    (width, pixels)
}

fn as_png(width: u32, pixels: &[u8]) -> Vec<u8> {
    let height = u32::try_from(pixels.len()).unwrap() / width;
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
    png
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_stained_picture_gives_the_code_or_a_reason(
        stains in prop::collection::vec((any::<prop::sample::Index>(), 1..12_usize, any::<u8>()), 0..40),
    ) {
        let (width, mut pixels) = first_as_grey();
        let row = usize::try_from(width).unwrap();
        for (at, size, shade) in stains {
            let start = at.index(pixels.len());
            for line in 0..size {
                let from = (start + line * row).min(pixels.len());
                let to = (from + size).min(pixels.len());
                pixels[from..to].fill(shade);
            }
        }
        // Error correction may restore it; what is read is never another code.
        if let Ok(read) = read(&as_png(width, &pixels)) {
            prop_assert_eq!(read, text(&activation(0)["am1"]["qr_text"]));
        }
    }

    #[test]
    fn noise_is_no_code(pixels in prop::collection::vec(any::<u8>(), 96 * 96)) {
        prop_assert!(read(&as_png(96, &pixels)).is_err());
    }
}
