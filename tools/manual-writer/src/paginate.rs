//! Puts slices on sheets.

use crate::sheet::{BOTTOM, DEPTH, HEIGHT, Place, SIDE, Sheet, TOP};
use crate::slice::Slice;

/// The sheets of the body, and the position of every heading.
pub(crate) fn paginate(slices: Vec<Slice>) -> (Vec<Sheet>, Vec<Place>) {
    let mut sheets: Vec<Sheet> = Vec::new();
    let mut places = Vec::new();
    let mut chapter = String::new();
    // Remaining height of the last sheet.
    let mut remaining = 0.0_f32;
    for at in 0..slices.len() {
        let slice = &slices[at];
        let needed = slice.gap + kept_height(&slices[at..]);
        let fresh = sheets.is_empty() || slice.opens || needed > remaining;
        if fresh && slice.marks.is_empty() {
            // Space below a table or a note: omitted at the top of a sheet.
            remaining = 0.0;
            continue;
        }
        if fresh {
            sheets.push(Sheet::default());
            remaining = DEPTH;
        }
        if let Some((level, number, text)) = &slice.heading {
            let place = Place {
                level: *level,
                number: number.clone(),
                text: text.clone(),
                sheet: sheets.len() - 1,
                top: BOTTOM + remaining,
            };
            if *level == 1 {
                chapter = place.printed();
            }
            places.push(place);
        }
        let sheet = sheets.last_mut().expect("one was begun");
        sheet.chapter.clone_from(&chapter);
        if fresh {
            if let Some(head) = &slice.head {
                put(sheet, head, remaining);
                remaining -= head.height;
            }
        } else {
            remaining -= slice.gap;
        }
        put(sheet, slice, remaining);
        remaining -= slice.height;
    }
    (sheets, places)
}

/// Height of the first slice and of all that must stay with it; a chain longer than a sheet is split.
fn kept_height(slices: &[Slice]) -> f32 {
    let mut height = slices[0].height;
    for pair in slices.windows(2) {
        let more = pair[1].gap + pair[1].height;
        if !pair[0].keeps || height + more > DEPTH {
            break;
        }
        height += more;
    }
    height
}

fn put(sheet: &mut Sheet, slice: &Slice, remaining: f32) {
    let top = HEIGHT - TOP - (DEPTH - remaining);
    sheet.marks.extend(slice.marks.iter().cloned().map(|mark| mark.moved(SIDE, top)));
}
