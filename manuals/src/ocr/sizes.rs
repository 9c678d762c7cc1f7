//! Normalises the sizes of recognized lines. The height of a box depends on the letters in it, so that lines of
//! one size have several heights; headings are detected by their sizes.

use super::super::sheet::Run;

/// Lines that differ by less than this from the size of most letters get that size.
const BODY: f32 = 0.14;
/// Other lines that differ by less than this from each other get one size. Two sizes of a design differ by more: 10
/// and 11, 16 and 18.
const ALIKE: f32 = 0.08;

/// Gives lines of nearly one size the same size, over all pages of a manual.
pub(crate) fn even_out<'a>(runs: impl Iterator<Item = &'a mut Run>) {
    let mut runs: Vec<(usize, &mut Run)> =
        runs.map(|run| (run.text.chars().count(), run)).collect();
    runs.sort_by(|(_, a), (_, b)| b.size.total_cmp(&a.size));
    let body = middle(&runs);
    let (body_runs, mut others): (Vec<_>, Vec<_>) =
        runs.into_iter().partition(|(_, run)| (run.size - body).abs() < BODY * body);
    set(body_runs, body);
    while let Some(largest) = others.first().map(|(_, run)| run.size) {
        let alike = others.iter().take_while(|(_, run)| run.size > (1.0 - ALIKE) * largest).count();
        let rest = others.split_off(alike.max(1));
        let size = middle(&others);
        set(std::mem::replace(&mut others, rest), size);
    }
}

/// The median size over all letters.
fn middle(runs: &[(usize, &mut Run)]) -> f32 {
    let half = runs.iter().map(|(letters, _)| letters).sum::<usize>() / 2;
    let mut before = 0;
    let reaches = |letters: &usize| {
        before += letters;
        before > half
    };
    let mut reaches = reaches;
    runs.iter().find(|(letters, _)| reaches(letters)).map_or(0.0, |(_, run)| run.size)
}

fn set(runs: Vec<(usize, &mut Run)>, size: f32) {
    for (_, run) in runs {
        run.size = size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_equal_sizes_become_one_and_others_stay_apart() {
        let sizes =
            [(10.2, 40), (9.6, 50), (19.5, 8), (10.9, 45), (18.4, 9), (14.0, 12), (13.5, 5)];
        let mut runs: Vec<Run> = sizes
            .iter()
            .map(|(size, letters)| Run {
                text: "x".repeat(*letters),
                x: 0.0,
                y: 0.0,
                width: 1.0,
                size: *size,
                bold: false,
                mono: false,
            })
            .collect();
        even_out(runs.iter_mut());
        let sizes: Vec<f32> = runs.iter().map(|run| run.size).collect();
        assert_eq!(sizes, [10.2, 10.2, 18.4, 10.2, 18.4, 14.0, 14.0]);
    }

    #[test]
    fn no_lines_cause_no_error() {
        even_out(std::iter::empty());
    }
}
