//! Joins the runs of a page to segments: text on one baseline without a wide gap.

use super::sheet::Run;

/// Widest gap inside a segment, in ems. Justified text stretches a space to about that.
const SEGMENT_GAP: f32 = 0.9;
/// Baselines of one row differ by less than this, in ems.
pub(super) const SAME_ROW: f32 = 0.35;

/// Adjacent runs on one baseline.
#[derive(Debug, Clone)]
pub(super) struct Segment<'a> {
    pub runs: Vec<&'a Run>,
    pub x: f32,
    pub end: f32,
    pub y: f32,
    pub size: f32,
    pub letters: usize,
}

pub(super) fn segments(runs: &[Run]) -> Vec<Segment<'_>> {
    let visible = |run: &&Run| {
        !run.text.trim().is_empty()
            && [run.x, run.y, run.width, run.size].iter().all(|n| n.is_finite())
    };
    let mut runs: Vec<&Run> = runs.iter().filter(visible).collect();
    runs.sort_by(|a, b| a.x.total_cmp(&b.x).then(b.y.total_cmp(&a.y)));
    let mut by_height: Vec<usize> = (0..runs.len()).collect();
    by_height.sort_by(|a, b| runs[*a].y.total_cmp(&runs[*b].y));
    let mut taken = vec![false; runs.len()];
    let mut segments = Vec::new();
    for first in 0..runs.len() {
        if std::mem::replace(&mut taken[first], true) {
            continue;
        }
        let run = runs[first];
        let mut segment = Segment {
            runs: vec![run],
            x: run.x,
            end: run.end(),
            y: run.y,
            size: run.size,
            letters: 0,
        };
        while let Some(next) = next(&segment, &runs, &by_height, &mut taken) {
            taken[next] = true;
            let run = runs[next];
            segment.runs.push(run);
            segment.end = segment.end.max(run.end());
            // The baseline of a line is that of its largest letters: an index does not move it.
            if run.size > 1.1 * segment.size {
                (segment.size, segment.y) = (run.size, run.y);
            }
        }
        segment.letters = segment.runs.iter().map(|run| run.text.chars().count()).sum();
        segments.push(segment);
    }
    segments
}

/// The run that continues a segment: the nearest to its end on its baseline.
fn next(
    segment: &Segment<'_>,
    runs: &[&Run],
    by_height: &[usize],
    taken: &mut [bool],
) -> Option<usize> {
    let low = by_height.partition_point(|at| runs[*at].y < segment.y - segment.size);
    let mut best: Option<(f32, usize)> = None;
    for &at in by_height[low..].iter().take_while(|at| runs[**at].y <= segment.y + segment.size) {
        let run = runs[at];
        let (small, large) = (segment.size.min(run.size), segment.size.max(run.size));
        let slack = if small < 0.8 * large { 0.5 } else { 0.15 };
        if taken[at] || (run.y - segment.y).abs() > slack * large || run.x < segment.x - 0.1 * large
        {
            continue;
        }
        let gap = run.x - segment.end;
        if gap < -0.3 * large {
            // Some producers make bold by drawing text twice with a tiny offset; one copy is enough.
            let shadow = segment.runs.iter().any(|other| {
                other.text.trim() == run.text.trim() && (other.x - run.x).abs() < 0.2 * run.size
            });
            taken[at] = shadow;
        } else if gap <= SEGMENT_GAP * large.min(1.5 * small)
            && best.is_none_or(|(least, _)| gap < least)
        {
            best = Some((gap, at));
        }
    }
    best.map(|(_, at)| at)
}

/// From the top to the bottom, and from left to right.
pub(super) fn sort(segments: &mut [Segment<'_>]) {
    segments.sort_by(|a, b| b.y.total_cmp(&a.y).then(a.x.total_cmp(&b.x)));
}

pub(super) fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
