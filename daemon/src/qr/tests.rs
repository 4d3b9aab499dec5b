//! Pictures of codes, read again. Not responsible for: readers of other makers (`tests/qr.rs`).

use proptest::prelude::*;
use rqrr::{MetaData, PreparedImage};

use super::*;

const ALPHANUMERIC: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// Characters of the set that fit in the largest version at level M (ISO/IEC 18004, table 7).
const MOST: usize = 600;

/// Rows of pixels of a PNG, `true` is white.
fn pixels(png: &[u8]) -> Vec<Vec<bool>> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut bytes).unwrap();
    assert_eq!((frame.color_type, frame.bit_depth), (ColorType::Grayscale, BitDepth::One));
    assert_eq!(frame.width, frame.height);
    let width = usize::try_from(frame.width).unwrap();
    let white = |line: &[u8], x: usize| line[x / 8] >> (7 - x % 8) & 1 == 1;
    let lines = bytes[..frame.buffer_size()].chunks(frame.line_size);
    lines.map(|line| (0..width).map(|x| white(line, x)).collect()).collect()
}

/// Rows of modules of a PNG, `true` is white. Every module is one colour.
fn modules(png: &[u8]) -> Vec<Vec<bool>> {
    let scale = usize::try_from(SCALE).unwrap();
    let pixels = pixels(png);
    let side = pixels.len() / scale;
    assert_eq!(side * scale, pixels.len());
    for lines in pixels.chunks(scale) {
        assert!(lines.iter().all(|line| *line == lines[0]), "a module is {SCALE} lines high");
        let mut modules = lines[0].chunks(scale);
        assert!(modules.all(|module| module.iter().all(|pixel| *pixel == module[0])));
    }
    pixels.iter().step_by(scale).map(|line| line.iter().copied().step_by(scale).collect()).collect()
}

/// Rows of modules of an SVG as it is written here, `true` is white.
fn modules_of_svg(svg: &[u8]) -> Vec<Vec<bool>> {
    let text = std::str::from_utf8(svg).unwrap();
    let (_, rest) = text.split_once("viewBox=\"0 0 ").unwrap();
    let side: usize = rest.split_once(' ').unwrap().0.parse().unwrap();
    let (_, rest) = text.split_once("<path d=\"").unwrap();
    let path = rest.split_once('"').unwrap().0;
    let mut modules = vec![vec![true; side]; side];
    for run in path.split_terminator('z') {
        let (x, rest) = run.strip_prefix('M').unwrap().split_once(' ').unwrap();
        let (y, rest) = rest.split_once('h').unwrap();
        let (length, back) = rest.split_once("v1h-").unwrap();
        assert_eq!(length, back);
        let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
        let length: usize = length.parse().unwrap();
        modules[y][x..x + length].fill(false);
    }
    modules
}

fn read(png: &[u8]) -> (MetaData, String) {
    let pixels = pixels(png);
    let side = pixels.len();
    let grey = |x: usize, y: usize| if pixels[y][x] { 0xFF } else { 0x00 };
    let mut image = PreparedImage::prepare_from_greyscale(side, side, grey);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1);
    grids[0].decode().unwrap()
}

#[test]
fn a_text_takes_the_smallest_version_at_level_m() {
    // ISO/IEC 18004, table 7, alphanumeric at level M: 20, 38, 61, ... and 600 for version 15.
    for (length, version) in [(1, 1), (20, 1), (21, 2), (38, 2), (39, 3), (61, 3), (MOST, 15)] {
        let drawn = picture(&"A".repeat(length), Format::Png).unwrap();
        assert_eq!(drawn.version, version, "{length} characters");
    }
}

#[test]
fn the_level_is_m_however_empty_the_version_is() {
    let (meta, text) = read(&picture("A", Format::Png).unwrap().bytes);
    assert_eq!((meta.ecc_level, text.as_str()), (0, "A"), "0 is level M in the format bits");
}

#[test]
fn what_does_not_fit_is_refused() {
    assert_eq!(picture(&"A".repeat(MOST + 1), Format::Png), Err(TooLong));
    assert_eq!(picture(&"A".repeat(100_000), Format::Svg), Err(TooLong));
}

#[test]
fn a_text_outside_the_alphanumeric_set_is_drawn_as_bytes() {
    let (_, text) =
        read(&picture("https://bank.example/\u{5272}\u{7b26}", Format::Png).unwrap().bytes);
    assert_eq!(text, "https://bank.example/\u{5272}\u{7b26}");
}

#[test]
fn four_white_modules_are_around_the_code() {
    let modules = modules(&picture("TXA1:QUIET", Format::Png).unwrap().bytes);
    let quiet = usize::try_from(QUIET).unwrap();
    let inner = quiet..modules.len() - quiet;
    for (y, line) in modules.iter().enumerate() {
        for (x, white) in line.iter().enumerate() {
            assert!(*white || inner.contains(&x) && inner.contains(&y), "module {x}, {y}");
        }
    }
    for corner in [(inner.start, inner.start), (inner.start, inner.end - 1)] {
        assert!(!modules[corner.0][corner.1], "a finder pattern begins right after it");
    }
}

#[test]
fn an_svg_has_nothing_that_could_run() {
    let drawn = picture("TXA1:SVG", Format::Svg).unwrap();
    let text = String::from_utf8(drawn.bytes).unwrap();
    let elements: Vec<_> = text.split('<').skip(1).map(|e| &e[..4.min(e.len())]).collect();
    assert_eq!(elements, ["svg ", "rect", "path", "/svg"], "{text}");
    assert!(!text.contains("href") && !text.contains("style") && !text.contains(" on"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_alphanumeric_text_is_read_again(
        picks in proptest::collection::vec(0..ALPHANUMERIC.len(), 1..=MOST),
    ) {
        let text: String = picks.iter().map(|&i| char::from(ALPHANUMERIC.as_bytes()[i])).collect();
        let drawn = picture(&text, Format::Png).unwrap();
        let side = 17 + 4 * usize::from(drawn.version) + 2 * usize::try_from(QUIET).unwrap();
        let modules = modules(&drawn.bytes);
        prop_assert_eq!(modules.len(), side);
        let (meta, found) = read(&drawn.bytes);
        prop_assert_eq!(found, text.as_str());
        prop_assert_eq!(meta.version.0, usize::from(drawn.version));
        prop_assert_eq!(meta.ecc_level, 0);
        let svg = picture(&text, Format::Svg).unwrap();
        prop_assert_eq!(svg.version, drawn.version);
        prop_assert_eq!(modules_of_svg(&svg.bytes), modules);
    }
}
