//! Pictures of QR codes that another program made, and what the lens makes of them.

use std::io::Cursor;

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
