//! A fully connected layer on 8-bit integers, and a table of 8-bit rows.
//!
//! Weights are symmetric with one scale per output. Inputs are quantised on the fly, with a scale and a
//! zero point for each row (a row is one token), so a result does not depend on the rest of the
//! batch. Products are summed in 32-bit integers: the same on every machine.

use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_simd::SimdOp;
use rten_tensor::NdTensorView;
use rten_vecmath::{ExtendInit, MinMax, Quantize};

use super::error::ModelError;
use super::weights::Tensors;

/// The kernels, selected once for the present processor.
pub(crate) struct Kernels {
    pub(crate) int8: GemmExecutor<u8, i8, i32>,
    pub(crate) float: GemmExecutor<f32>,
}

impl Kernels {
    pub(crate) fn new() -> Self {
        Self { int8: GemmExecutor::default(), float: GemmExecutor::default() }
    }

    /// The largest weight. Without VNNI a kernel adds two products in 16 bits: 255 * 127 * 2 would overflow.
    fn largest_weight(&self) -> f32 {
        if self.int8.may_saturate() { 63.0 } else { 127.0 }
    }
}

/// Quantised rows of one input, reused between layers to avoid allocations.
#[derive(Default)]
pub(crate) struct QuantisedRows {
    values: Vec<u8>,
    scales: Vec<f32>,
    zeros: Vec<u8>,
    sums: Vec<i32>,
}

impl QuantisedRows {
    /// Sets the rows of `input`, each of `columns` values.
    pub(crate) fn set(&mut self, input: &[f32], columns: usize) {
        self.values.clear();
        self.values.reserve_exact(input.len());
        self.scales.clear();
        self.zeros.clear();
        for row in input.chunks_exact(columns) {
            let (low, high) = MinMax::new(row).dispatch();
            let (low, high) = (low.min(0.0), high.max(0.0));
            let scale = ((high - low) / 255.0).max(f32::MIN_POSITIVE);
            let zero = (-low / scale).round_ties_even() as u8;
            self.values.extend_init(|spare| {
                Quantize::new(row, &mut spare[..columns], 1.0 / scale, zero).dispatch()
            });
            self.scales.push(scale);
            self.zeros.push(zero);
        }
    }

    fn rows(&self) -> usize {
        self.scales.len()
    }
}

/// `output = input * weights + bias`.
///
/// The kernels multiply inputs as they are, zero point included, and the contribution of the zero point is subtracted
/// here. The kernels have an option for it, but in rten-gemm 0.27 zero points that differ by row give wrong sums from
/// the ninth row on (AVX-512; `zero_points_differ_by_row` would fail).
pub(crate) struct Linear {
    weights: PackedBMatrix<i8>,
    /// The sum of an output's weights: the contribution of one unit of a row's zero point.
    sums: Vec<i32>,
    scales: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
}

impl Linear {
    /// Loads and concatenates layers of the same input: the outputs of the first, then those of the next.
    pub(crate) fn read(
        tensors: &Tensors,
        kernels: &Kernels,
        names: &[String],
        inputs: usize,
        outputs_each: usize,
    ) -> Result<Self, ModelError> {
        let largest = kernels.largest_weight();
        let mut values = Vec::with_capacity(names.len() * outputs_each * inputs);
        let mut scales = Vec::with_capacity(names.len() * outputs_each);
        let mut bias = Vec::with_capacity(names.len() * outputs_each);
        for name in names {
            tensors.rows(&format!("{name}.weight"), outputs_each, inputs, |_, row| {
                scales.push(quantise_row(row, largest, &mut values));
            })?;
            bias.extend(tensors.vector(&format!("{name}.bias"), outputs_each)?);
        }
        let outputs = scales.len();
        let view = NdTensorView::from_data([outputs, inputs], &values[..]);
        let sums = values
            .chunks_exact(inputs)
            .map(|row| row.iter().map(|value| i32::from(*value)).sum())
            .collect();
        Ok(Self { weights: kernels.int8.prepack_b(view.transposed()), sums, scales, bias, inputs })
    }

    /// Writes the outputs of every row of `input`, one row after the other.
    pub(crate) fn forward(
        &self,
        kernels: &Kernels,
        input: &mut QuantisedRows,
        output: &mut Vec<f32>,
    ) {
        let (rows, columns) = (input.rows(), self.scales.len());
        input.sums.clear();
        input.sums.resize(rows * columns, 0);
        let view = NdTensorView::from_data([rows, self.inputs], &input.values[..]);
        kernels
            .int8
            .gemm(
                &mut input.sums,
                GemmInputA::Unpacked(view),
                GemmInputB::Packed(&self.weights),
                GemmOptions::default(),
            )
            .expect("the shapes were checked when the layer was read");
        output.clear();
        output.reserve_exact(rows * columns);
        let rows = input.scales.iter().zip(&input.zeros);
        for (sums, (scale, zero)) in input.sums.chunks_exact(columns).zip(rows) {
            let zero = i32::from(*zero);
            let columns = self.sums.iter().zip(self.scales.iter().zip(&self.bias));
            output.extend(sums.iter().zip(columns).map(|(sum, (weights, (weight, bias)))| {
                (sum - zero * weights) as f32 * (scale * weight) + bias
            }));
        }
    }
}

/// Appends `row` as integers of at most `largest`; returns their scale.
pub(crate) fn quantise_row(row: &[f32], largest: f32, into: &mut Vec<i8>) -> f32 {
    let (low, high) = MinMax::new(row).dispatch();
    let scale = (high.max(-low) / largest).max(f32::MIN_POSITIVE);
    let inverse = 1.0 / scale;
    // Rounds like `round_ties_even`, which calls libm for each value on a processor without SSE 4.1.
    into.extend(row.iter().map(|value| ((value * inverse + ROUNDER) - ROUNDER) as i8));
    scale
}

/// 1.5 * 2^23: a float of this size has no fraction left, so adding it rounds.
const ROUNDER: f32 = 12_582_912.0;

/// A table of 8-bit rows with a scale each: one row per token.
pub(crate) struct Table {
    values: Vec<i8>,
    scales: Vec<f32>,
    columns: usize,
}

impl Table {
    pub(crate) fn read(
        tensors: &Tensors,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Self, ModelError> {
        let mut values = Vec::with_capacity(rows * columns);
        let mut scales = Vec::with_capacity(rows);
        tensors.rows(name, rows, columns, |_, row| {
            scales.push(quantise_row(row, 127.0, &mut values))
        })?;
        Ok(Self { values, scales, columns })
    }

    /// Appends row `index`.
    pub(crate) fn append(&self, index: usize, into: &mut Vec<f32>) {
        let scale = self.scales[index];
        let row = &self.values[index * self.columns..][..self.columns];
        into.extend(row.iter().map(|value| f32::from(*value) * scale));
    }

    pub(crate) fn bytes(&self) -> usize {
        self.values.len() + self.scales.len() * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::synthetic::{Random, write_tensors};

    #[test]
    fn zero_points_differ_by_row() {
        let (rows, inputs, outputs) = (23, 48, 40);
        let mut random = Random::new(5);
        let (weights, bias) = (random.values(outputs * inputs, 1.0), random.values(outputs, 1.0));
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("model.safetensors");
        let tensors = [
            ("x.weight".to_owned(), vec![outputs, inputs], weights.clone()),
            ("x.bias".to_owned(), vec![outputs], bias.clone()),
        ];
        write_tensors(&path, &tensors).expect("written");
        let tensors = Tensors::open(&path).expect("it is whole");
        let kernels = Kernels::new();
        let linear = Linear::read(&tensors, &kernels, &["x".to_owned()], inputs, outputs)
            .expect("it is whole");
        let mut input = random.values(rows * inputs, 1.0);
        for (index, row) in input.chunks_exact_mut(inputs).enumerate() {
            row.iter_mut().for_each(|value| *value += index as f32 / 4.0 - 2.0);
        }
        let (mut quantised, mut output) = (QuantisedRows::default(), Vec::new());
        quantised.set(&input, inputs);
        linear.forward(&kernels, &mut quantised, &mut output);
        for (row, (values, results)) in
            input.chunks_exact(inputs).zip(output.chunks_exact(outputs)).enumerate()
        {
            for (index, result) in results.iter().enumerate() {
                let exact: f32 = bias[index]
                    + values
                        .iter()
                        .zip(&weights[index * inputs..])
                        .map(|(x, w)| x * w)
                        .sum::<f32>();
                assert!(
                    (exact - result).abs() < 0.5,
                    "row {row}, output {index}: {result}, not {exact}"
                );
            }
        }
    }

    #[test]
    fn a_weight_is_rounded_to_the_nearest() {
        let mut values = Vec::new();
        let scale =
            quantise_row(&[127.0, -127.0, 0.4, 0.6, -0.6, 1.5, 2.5, 0.0], 127.0, &mut values);
        assert_eq!(values, [127, -127, 0, 1, -1, 2, 2, 0]);
        assert!((scale - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_row_of_zeros_stays_one() {
        let mut values = Vec::new();
        quantise_row(&[0.0; 4], 127.0, &mut values);
        assert_eq!(values, [0; 4]);
    }
}
