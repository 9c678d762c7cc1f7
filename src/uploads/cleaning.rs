//! Re-encodes a picture: only its pixels are copied into the new file.
//!
//! Everything else is dropped: places and names (EXIF, XMP, IPTC), text, colour profiles, further
//! pictures, data after the end. A polyglot file becomes a plain picture.

use std::io::Cursor;

use hsc_actors::ports::UploadError;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits};

/// Longest side, in pixels: the limit of browsers.
const LONGEST_SIDE: u32 = 16_384;
/// Bytes that a decoder may allocate in addition to the pixels: its tables, rows and text chunks.
const BESIDE_THE_PIXELS: u64 = 32 * 1024 * 1024;
/// Bytes of the largest decoded pixel: four channels of 16 bits.
const LARGEST_PIXEL: u64 = 8;
/// Quality of a re-encoded JPEG: text on a display stays readable, and the loss is invisible.
const JPEG_QUALITY: u8 = 88;

/// The supported formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Png,
    Jpeg,
}

impl Kind {
    /// By the first bytes; the decoder still has to accept the file.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            _ => None,
        }
    }

    pub(super) fn media_type(self) -> &'static str {
        self.format().to_mime_type()
    }

    fn format(self) -> ImageFormat {
        match self {
            Self::Png => ImageFormat::Png,
            Self::Jpeg => ImageFormat::Jpeg,
        }
    }
}

/// The re-encoded picture.
#[derive(Debug)]
pub(super) struct Cleaned {
    pub(super) kind: Kind,
    pub(super) bytes: Vec<u8>,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Re-encodes a picture, upright. Takes time in proportion to its pixels.
pub(super) fn clean(bytes: &[u8], max_pixels: u64) -> Result<Cleaned, UploadError> {
    let kind = Kind::of(bytes).ok_or(UploadError::NotAPicture)?;
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(max_pixels * LARGEST_PIXEL + BESIDE_THE_PIXELS);
    let too_many_pixels = || UploadError::TooManyPixels { most: max_pixels };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind.format());
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| match error {
        ImageError::Limits(_) => too_many_pixels(),
        _ => UploadError::NotAPicture,
    })?;
    let (width, height) = decoder.dimensions();
    // Before decoding: a file of a few KB may declare any size.
    let pixels = u64::from(width) * u64::from(height);
    if pixels > max_pixels || width > LONGEST_SIDE || height > LONGEST_SIDE {
        return Err(too_many_pixels());
    }
    if pixels == 0 {
        return Err(UploadError::NotAPicture);
    }
    // The EXIF orientation, which is dropped with the rest.
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| UploadError::NotAPicture)?;
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    let (width, height) = (picture.width(), picture.height());
    let bytes = pack(kind, picture).map_err(|cause| UploadError::Failed { cause: cause.into() })?;
    Ok(Cleaned { kind, bytes, width, height })
}

fn pack(kind: Kind, picture: DynamicImage) -> Result<Vec<u8>, ImageError> {
    let color = picture.color();
    let plain = match (kind, color.has_color(), color.has_alpha()) {
        (_, false, false) => DynamicImage::ImageLuma8(picture.into_luma8()),
        (Kind::Png, _, true) => DynamicImage::ImageRgba8(picture.into_rgba8()),
        _ => DynamicImage::ImageRgb8(picture.into_rgb8()),
    };
    let mut bytes = Vec::new();
    match kind {
        Kind::Png => {
            let (compression, filter) = (CompressionType::Default, FilterType::Adaptive);
            let encoder = PngEncoder::new_with_quality(&mut bytes, compression, filter);
            plain.write_with_encoder(encoder)?;
        }
        Kind::Jpeg => {
            plain.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))?;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: u64 = 1_000_000;

    fn picture(width: u32, height: u32) -> DynamicImage {
        DynamicImage::ImageRgb8(image::RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([(x * 7 % 251) as u8, (y * 11 % 241) as u8, 90])
        }))
    }

    /// A JPEG with an EXIF segment: a place, and an orientation on its side.
    fn jpeg_with_place() -> Vec<u8> {
        let plain = pack(Kind::Jpeg, picture(40, 24)).unwrap();
        let mut tiff = b"MM\0\x2a\0\0\0\x08".to_vec();
        tiff.extend(b"\0\x02");
        // Orientation 6 (rotated to the right), then a maker field that contains the place.
        tiff.extend(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0");
        tiff.extend(b"\x01\x0f\0\x02\0\0\0\x16\0\0\0\x26");
        tiff.extend(b"\0\0\0\0");
        tiff.extend(b"GPS 31.7767N 35.2345E\0");
        let mut segment = b"Exif\0\0".to_vec();
        segment.extend(tiff);
        let mut with = plain[..2].to_vec();
        with.extend([0xFF, 0xE1]);
        with.extend(u16::try_from(segment.len() + 2).unwrap().to_be_bytes());
        with.extend(segment);
        with.extend(&plain[2..]);
        with
    }

    fn holds(bytes: &[u8], what: &[u8]) -> bool {
        bytes.windows(what.len()).any(|window| window == what)
    }

    #[test]
    fn the_location_is_removed_and_the_picture_is_upright() {
        let with = jpeg_with_place();
        assert!(holds(&with, b"GPS 31.7767N"));
        let cleaned = clean(&with, MANY).unwrap();
        assert_eq!((cleaned.width, cleaned.height), (24, 40), "turned as the camera was");
        for gone in [&b"GPS"[..], b"Exif", b"31.7767"] {
            assert!(!holds(&cleaned.bytes, gone));
        }
    }

    #[test]
    fn trailing_data_and_embedded_text_are_removed() {
        let script = b"<script>alert(1)</script><?php system('id');";
        for kind in [Kind::Png, Kind::Jpeg] {
            let mut bytes = pack(kind, picture(8, 8)).unwrap();
            bytes.extend(script);
            let cleaned = clean(&bytes, MANY).unwrap();
            assert_eq!((cleaned.kind, cleaned.width, cleaned.height), (kind, 8, 8));
            assert!(!holds(&cleaned.bytes, b"script") && !holds(&cleaned.bytes, b"php"));
        }
    }

    #[test]
    fn a_file_that_is_not_a_picture_is_refused() {
        let mut png = pack(Kind::Png, picture(8, 8)).unwrap();
        png.truncate(40);
        for bytes in [
            &b""[..],
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            b"<html><script>alert(1)</script></html>",
            b"GIF89a\x01\0\x01\0",
            b"\x89PNG\r\n\x1a\n",
            b"\xFF\xD8\xFF\xE0 and nothing more",
            &png,
        ] {
            let refused = clean(bytes, MANY).map(|it| it.kind);
            assert!(matches!(refused, Err(UploadError::NotAPicture)), "{refused:?}");
        }
    }

    #[test]
    fn too_many_declared_pixels_are_refused_before_decoding() {
        let mut png = pack(Kind::Png, picture(8, 8)).unwrap();
        // The header of a picture of 16,000 by 16,000, with a valid checksum.
        png[16..20].copy_from_slice(&16_000_u32.to_be_bytes());
        png[20..24].copy_from_slice(&16_000_u32.to_be_bytes());
        let check = crc(&png[12..29]);
        png[29..33].copy_from_slice(&check.to_be_bytes());
        for (bytes, most) in [(png, MANY), (pack(Kind::Jpeg, picture(40, 40)).unwrap(), 1_599)] {
            let refused = clean(&bytes, most).map(|it| it.width);
            assert!(matches!(refused, Err(UploadError::TooManyPixels { .. })), "{refused:?}");
        }
        assert!(clean(&pack(Kind::Jpeg, picture(40, 40)).unwrap(), 1_600).is_ok());
    }

    #[test]
    fn a_sixteen_bit_image_is_reduced_to_eight_and_grey_and_alpha_are_retained() {
        let deep = DynamicImage::ImageRgba16(picture(4, 4).into_rgba16());
        let mut bytes = Vec::new();
        deep.write_with_encoder(PngEncoder::new(&mut bytes)).unwrap();
        let cleaned = clean(&bytes, MANY).unwrap();
        let again = image::load_from_memory(&cleaned.bytes).unwrap();
        assert_eq!(again.color(), image::ColorType::Rgba8);
        let grey = pack(Kind::Jpeg, DynamicImage::ImageLuma8(picture(4, 4).into_luma8())).unwrap();
        let again = image::load_from_memory(&clean(&grey, MANY).unwrap().bytes).unwrap();
        assert_eq!(again.color(), image::ColorType::L8);
    }

    /// The checksum of a PNG chunk.
    fn crc(bytes: &[u8]) -> u32 {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum()
    }
}
