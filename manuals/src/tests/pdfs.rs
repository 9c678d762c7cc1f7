//! Generated PDFs, valid and hostile ones.

/// A PDF of these objects, numbered from 1; the first is the catalog.
pub(super) fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(objects) {
        places.push(file.len());
        file.extend(format!("{number} 0 obj\n").bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let xref = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        file.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let count = objects.len() + 1;
    file.extend(
        format!("trailer\n<</Size {count}/Root 1 0 R>>\nstartxref\n{xref}\n%%EOF\n").bytes(),
    );
    file
}

pub(super) fn object(text: impl Into<String>) -> Vec<u8> {
    text.into().into_bytes()
}

pub(super) fn stream(entries: &str, body: &[u8]) -> Vec<u8> {
    let mut object = format!("<<{entries}/Length {}>>\nstream\n", body.len()).into_bytes();
    object.extend(body);
    object.extend(b"\nendstream");
    object
}

/// Lines of text as the content of a page.
pub(super) fn lines(texts: &[&str]) -> Vec<u8> {
    let mut content = String::from("BT /F1 12 Tf 14 TL 72 720 Td\n");
    for text in texts {
        content.push_str(&format!("({text}) Tj T*\n"));
    }
    content.push_str("ET");
    content.into_bytes()
}

const FONT: &str = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>";

/// A document whose pages have these contents (raw streams).
pub(super) fn document(contents: Vec<Vec<u8>>) -> Vec<u8> {
    let pages = contents.len();
    let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    let mut objects = vec![
        object("<</Type/Catalog/Pages 2 0 R>>"),
        object(format!(
            "<</Type/Pages/Count {pages}/Kids[{}]/MediaBox[0 0 612 792]>>",
            kids.join(" ")
        )),
        object(FONT),
    ];
    for (page, content) in contents.into_iter().enumerate() {
        let at = 5 + 2 * page;
        objects.push(object(format!(
            "<</Type/Page/Parent 2 0 R/Resources<</Font<</F1 3 0 R>>>>/Contents {at} 0 R>>"
        )));
        objects.push(content);
    }
    pdf(&objects)
}

pub(super) fn two_pages() -> Vec<u8> {
    document(vec![
        stream("", &lines(&["Hold the power key for two seconds.", "The lamp turns green."])),
        stream("", &lines(&["Clean the case with a soft cloth."])),
    ])
}

/// A page of one picture and no text.
pub(super) fn scan() -> Vec<u8> {
    image_page("0 0 612 792", "", &[0x55; 64 * 64 / 8])
}

/// A page of this size with an image of 64 by 64 pixels, one bit each, with more dictionary entries and this data.
pub(super) fn image_page(media_box: &str, more: &str, data: &[u8]) -> Vec<u8> {
    pdf(&[
        object("<</Type/Catalog/Pages 2 0 R>>"),
        object("<</Type/Pages/Count 1/Kids[3 0 R]>>"),
        object(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[{media_box}]/Contents 4 0 R\
             /Resources<</XObject<</I 5 0 R>>>>>>"
        )),
        stream("", b"q 612 0 0 792 0 0 cm /I Do Q"),
        stream(
            &format!(
                "/Type/XObject/Subtype/Image/Width 64/Height 64/BitsPerComponent 1\
                 /ColorSpace/DeviceGray{more}"
            ),
            data,
        ),
    ])
}
