//! Pictures, decoded off the UI thread within limits: a small file can claim to be a huge picture.

use std::io::Cursor;
use std::sync::{Arc, LazyLock};

use image::{DynamicImage, ImageError, ImageReader, Limits};
use resvg::{tiny_skia, usvg};

/// A picture ready to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Width and height that the file has, in pixels.
    pub original: [u32; 2],
    /// Width and height of `rgba`, at most [`LARGEST`].
    pub size: [u32; 2],
    /// Four bytes a pixel, colours multiplied by alpha.
    pub rgba: Vec<u8>,
    /// `PNG`, `SVG`…
    pub format: &'static str,
}

/// Pixels a side of what is drawn; graphics cards refuse more than some such size.
pub const LARGEST: u32 = 4096;
/// Pixels a side that are decoded.
const DECODED: u32 = 16_384;
/// Bytes that a decoder may take.
const MEMORY: u64 = 384 * 1024 * 1024;

impl Picture {
    /// Decodes PNG, JPEG, GIF (its first picture) or WebP.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        Self::decode_small(bytes, LARGEST)
    }

    /// The same, no side longer than `side`.
    pub(in crate::state) fn decode_small(bytes: &[u8], side: u32) -> Result<Self, String> {
        let reader = ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .map_err(|_io| UNREADABLE.to_owned())?;
        let format = reader.format().map_or("picture", |format| match format {
            image::ImageFormat::Png => "PNG",
            image::ImageFormat::Jpeg => "JPEG",
            image::ImageFormat::Gif => "GIF",
            image::ImageFormat::WebP => "WebP",
            _ => "picture",
        });
        let mut reader = reader;
        let mut limits = Limits::default();
        limits.max_image_width = Some(DECODED);
        limits.max_image_height = Some(DECODED);
        limits.max_alloc = Some(MEMORY);
        reader.limits(limits);
        let decoded = reader.decode().map_err(|error| {
            tracing::debug!(%error, "a picture could not be decoded");
            in_words(&error, format)
        })?;
        let original = [decoded.width(), decoded.height()];
        if original.contains(&0) {
            return Err(EMPTY.into());
        }
        let fitting = fit(decoded, side);
        let size = [fitting.width(), fitting.height()];
        let mut rgba = fitting.into_rgba8().into_raw();
        multiply(&mut rgba);
        Ok(Self { original, size, rgba, format })
    }

    /// Draws an SVG at twice its size, so that it stays sharp. Nothing outside of the file is read.
    pub(super) fn draw_svg(bytes: &[u8]) -> Result<Self, String> {
        let options = usvg::Options {
            fontdb: Arc::clone(&FONTS),
            image_href_resolver: usvg::ImageHrefResolver {
                resolve_data: Box::new(|_, _, _| None),
                resolve_string: Box::new(|_, _| None),
            },
            ..usvg::Options::default()
        };
        let tree = usvg::Tree::from_data(bytes, &options).map_err(|error| svg_in_words(&error))?;
        let (width, height) = (tree.size().width(), tree.size().height());
        let scale = (LARGEST as f32 / width.max(height)).min(2.0);
        let size = [scaled(width, scale), scaled(height, scale)];
        let mut pixels = tiny_skia::Pixmap::new(size[0], size[1]).ok_or(EMPTY)?;
        resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
        Ok(Self {
            original: [scaled(width, 1.0), scaled(height, 1.0)],
            size,
            rgba: pixels.take(),
            format: "SVG",
        })
    }
}

const EMPTY: &str = "It has no pixels";
const UNREADABLE: &str = "It cannot be read";

/// The decoders' own words are for those who write decoders.
fn in_words(error: &ImageError, format: &str) -> String {
    match error {
        ImageError::Limits(_) => {
            format!("It is larger than {DECODED} × {DECODED} pixels, or takes too much memory")
        }
        ImageError::Unsupported(_) => format!("It is a kind of {format} that is not known here"),
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            format!("The file is cut off: it begins as {format} and ends too early")
        }
        ImageError::Decoding(_) => {
            format!("The file is damaged: it begins as {format} and goes on otherwise")
        }
        _ => UNREADABLE.to_owned(),
    }
}

fn svg_in_words(error: &usvg::Error) -> String {
    match error {
        usvg::Error::ParsingFailed(error) => format!("It is no well-formed SVG: {error}"),
        usvg::Error::NotAnUtf8Str => "It is not written in UTF-8".to_owned(),
        usvg::Error::InvalidSize => "It says no valid width and height".to_owned(),
        usvg::Error::ElementsLimitReached => "It has too many elements".to_owned(),
        usvg::Error::MalformedGZip => "It is compressed and damaged".to_owned(),
    }
}

fn multiply(rgba: &mut [u8]) {
    for pixel in rgba.chunks_exact_mut(4) {
        let alpha = u16::from(pixel[3]);
        if alpha < 255 {
            pixel[..3].iter_mut().for_each(|color| *color = (u16::from(*color) * alpha / 255) as u8);
        }
    }
}

fn fit(picture: DynamicImage, side: u32) -> DynamicImage {
    if picture.width().max(picture.height()) <= side { picture } else { picture.thumbnail(side, side) }
}

fn scaled(length: f32, scale: f32) -> u32 {
    ((length * scale).round() as u32).clamp(1, LARGEST)
}

/// The system's fonts, read when the first SVG is drawn.
static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_system_fonts();
    Arc::new(fonts)
});

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        DynamicImage::new_luma8(width, height)
            .write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png)
            .unwrap();
        bytes
    }

    #[test]
    fn pictures_are_decoded_and_large_ones_shrunk() {
        let small = Picture::decode(&png(3, 2)).unwrap();
        assert_eq!((small.original, small.size, small.rgba.len(), small.format), ([3, 2], [3, 2], 24, "PNG"));
        let large = Picture::decode(&png(8192, 16)).unwrap();
        assert_eq!((large.original, large.size), ([8192, 16], [LARGEST, 8]));
    }

    #[test]
    fn a_decompression_bomb_is_refused_before_it_unfolds() {
        // The header of a 60,000 by 60,000 picture in front of nothing much.
        let mut bomb = png(1, 1);
        bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        assert!(Picture::decode(&bomb).is_err());
    }

    #[test]
    fn a_broken_picture_is_told_in_words() {
        let reason = Picture::decode(b"\x89PNG\r\n\x1a\nnonsense nonsense").unwrap_err();
        assert!(
            reason.starts_with("The file is ") && !reason.contains("Error") && !reason.contains('('),
            "{reason}"
        );
        let whole = png(30, 20);
        let reason = Picture::decode(&whole[..whole.len() - 20]).unwrap_err();
        assert!(reason.starts_with("The file is ") && reason.contains("PNG"), "{reason}");
    }

    #[test]
    fn svg_is_drawn_within_limits() {
        let svg = |size: &str| {
            format!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}"><rect width="9" height="9"/></svg>"#
            )
        };
        let picture = Picture::draw_svg(svg("10").as_bytes()).unwrap();
        assert_eq!((picture.original, picture.size), ([10, 10], [20, 20]));
        let huge = Picture::draw_svg(svg("900000").as_bytes()).unwrap();
        assert_eq!(huge.size, [LARGEST, LARGEST]);
        assert!(Picture::draw_svg(b"<svg").is_err());
    }
}
