/*
 * mcupatch micro-kernels: int8 operators on windows of feature maps, plain C11, no allocation.
 *
 * A window is a rectangle of pixels inside a feature map [H][W][C]: `data` points to its first pixel, `row_stride` is the
 * distance between rows in bytes. A whole tensor is a window of all its pixels. Kernels take pointers to windows; the caller's
 * windows stay as they are. float32 pixels lie at multiples of 4; int8 ones anywhere.
 * The rows of an input window may lie in two places, as the kept rows of a tile and its new ones do: the upper ones at
 * `data`, the others at `lower`. No kernel needs the two to be of one stride or in any order in memory.
 * Input windows hold every input pixel that exists inside the tensor and is needed: a tap outside the window
 * lies outside the tensor, holds the zero point and is skipped.
 *
 * Order contract (the memory planner relies on it): output pixels are written row by row, left to right.
 *   element  lut, add, mul, quantize, dequantize: element i of an input is read before element i of the output
 *            is written, never after it (an operand that repeats is read again).
 *   row      all others: while output row y is being written, only the input rows of y and later are read.
 */
#ifndef MCUPATCH_KERNELS_H
#define MCUPATCH_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Pixels [rows][cols]; channels are known from the parameters. Row y lies at data + y * row_stride if
 * y < upper_rows, else at lower + (y - upper_rows) * lower_stride, which a window in one place leaves NULL.
 */
typedef struct {
  const void *data;
  int32_t rows;
  int32_t cols;
  int32_t row_stride;
  int32_t upper_rows;
  const void *lower;
  int32_t lower_stride;
} mcup_input;

typedef struct {
  void *data;
  int32_t rows;
  int32_t cols;
  int32_t row_stride;
} mcup_output;

static inline mcup_input mcup_window(const void *data, int32_t rows, int32_t cols, int32_t row_stride) {
  const mcup_input window = {data, rows, cols, row_stride, rows, NULL, 0};
  return window;
}

/* `rows` counts the rows of both places. */
static inline mcup_input mcup_split_window(const void *upper, int32_t upper_rows, int32_t upper_stride,
                                           const void *lower, int32_t lower_stride, int32_t rows, int32_t cols) {
  const mcup_input window = {upper, rows, cols, upper_stride, upper_rows, lower, lower_stride};
  return window;
}

static inline mcup_output mcup_out_window(void *data, int32_t rows, int32_t cols, int32_t row_stride) {
  const mcup_output window = {data, rows, cols, row_stride};
  return window;
}

/*
 * From an int32 accumulator to int8. Exactly one of (multiplier, shift), scale and scale_double is set.
 * per_channel is 1 when there is an entry for each output channel, 0 when entry 0 serves all.
 */
typedef struct {
  const int32_t *multiplier;  /* Q31; gemmlowp double rounding */
  const int32_t *shift;       /* positive: left */
  const float *scale;         /* float32, round half to even */
  const double *scale_double; /* dense only: float64, round half away from zero; normal numbers or 0.0, read as bits */
  int32_t per_channel;
  int32_t zero_point;
  int32_t low; /* clamp of the stored value */
  int32_t high;
} mcup_requant;

typedef struct {
  const int8_t *weights; /* [O][KH][KW][I / groups] */
  const int32_t *bias;   /* [O] */
  mcup_requant requant;
  int32_t in_channels;
  int32_t out_channels;
  int32_t groups;
  int32_t kernel_rows;
  int32_t kernel_cols;
  int32_t stride_rows;
  int32_t stride_cols;
  int32_t dilation_rows;
  int32_t dilation_cols;
  int32_t input_zero_point;
  int32_t weight_zero_point;
} mcup_conv2d_params;

/*
 * pad_top, pad_left: output row y reads input-window rows y * stride - pad_top + k * dilation, columns alike. They may be
 * negative (the window starts before the first needed row) or larger than the kernel.
 */
void mcup_conv2d(const mcup_conv2d_params *params, const mcup_input *in, const mcup_output *out, int32_t pad_top,
                 int32_t pad_left, void *scratch);
/* For calls whose output windows are at most out_cols wide: one column takes half of what two or more take. */
size_t mcup_conv2d_scratch_bytes(const mcup_conv2d_params *params, int32_t out_cols);

/*
 * Convolution on tiles of up to four pixels by two channels, from weights packed at compile time; groups 1. `blocks`
 * holds a block of words for each two output channels c0, c1:
 *   bias of c0, of c1         with the input's zero point folded in
 *   weights, pair by pair     of taps k0, k1: int8 c0k0, c1k0, c0k1, c1k1; wide: int16 c0k0, c0k1, c1k0, c1k1
 *   two words of c0, of c1    fixed: 2 * multiplier - 2**32 and -2**(32 - n), where n in [1, 31] is the shift to the right,
 *                             and no sum leaves 31 bits; float: a float32 scale, 0; any: multiplier, shift (left if positive);
 *                             single: multiplier * 2**(1 - n), 0
 * A row of KW * I taps is cut into fours, of which the pairs are (0, 2) and (1, 3): first the fours of all rows, then the
 * taps that are left of each row, two by two in their order; an odd one at the end is half a pair. int8 weights with a
 * zero point have sum_pairs more pairs, one for each 255 or less: of their zero point, for minus the sums of the inputs.
 */
typedef struct {
  const int32_t *blocks;
  int32_t in_channels;
  int32_t out_channels;
  int32_t kernel_rows;
  int32_t kernel_cols;
  int32_t stride_rows;
  int32_t stride_cols;
  int32_t dilation_rows;
  int32_t dilation_cols;
  int32_t sum_pairs;
  int32_t input_zero_point;
  int32_t output_zero_point;
  int32_t low; /* clamp of the stored value */
  int32_t high;
} mcup_packed_conv2d_params;

typedef void mcup_tiled_conv2d(const mcup_packed_conv2d_params *params, const mcup_input *in, const mcup_output *out,
                               int32_t pad_top, int32_t pad_left, void *scratch);

mcup_tiled_conv2d mcup_packed_conv2d, mcup_packed_conv2d_wide; /* int8 weights, int16 ones */
/* float32 scales, rounded half to even. */
mcup_tiled_conv2d mcup_packed_conv2d_float, mcup_packed_conv2d_float_wide;
/* One rounding, which fixed rounding differs from by 1 at most; any sums. */
mcup_tiled_conv2d mcup_packed_conv2d_single, mcup_packed_conv2d_single_wide;
/* Fixed rounding without a bound on anything: slower where few products make an output. */
mcup_tiled_conv2d mcup_packed_conv2d_any;
/* Of all of them: a column for one output column, two for two or three, four for more. */
size_t mcup_packed_conv2d_scratch_bytes(const mcup_packed_conv2d_params *params, int32_t out_rows, int32_t out_cols);

typedef struct {
  const int8_t *weights; /* [KH][KW][C * channel_multiplier] */
  const int32_t *bias;   /* [C * channel_multiplier] */
  mcup_requant requant;
  int32_t in_channels;
  int32_t channel_multiplier;
  int32_t kernel_rows;
  int32_t kernel_cols;
  int32_t stride_rows;
  int32_t stride_cols;
  int32_t dilation_rows;
  int32_t dilation_cols;
  int32_t input_zero_point;
  int32_t weight_zero_point;
} mcup_depthwise_params;

void mcup_depthwise_conv2d(const mcup_depthwise_params *params, const mcup_input *in, const mcup_output *out,
                           int32_t pad_top, int32_t pad_left, void *scratch);
size_t mcup_depthwise_conv2d_scratch_bytes(const mcup_depthwise_params *params);

/*
 * Depthwise convolutions of 3x3, 5x5 and 7x7 taps with columns stepped by 1 or 2: at least 4 channels, multiplier 1,
 * no dilation, fixed rounding, sums below 2**30. Weights are without their zero point.
 *
 * blocks, int32 words [(C + 3) / 4][4 channels][words]; the last block holds the last four channels, so it may repeat some of
 * the one before. A pair (a, b) is two int16, a in the lower half. Words of a channel with weights w[row][col]:
 *   1              bias - input_zero_point * (sum of w)
 *   KH / 2 * KW    for p in [0, KH / 2): pairs (w[2p][k], w[2p + 1][k]), in the order k = 0, 1, 2, ...; for 5x5 and 7x7
 *                  with stride 2: k = 0, 2, 4, ..., then 1, 3, ...
 *   of v = w[KH - 1], stride 1 (KW - 1 words): (v0, v1), (v1, v2), (v2, v3), ... up to (v[KW - 2], v[KW - 1])
 *                     stride 2 ((KW + 1) / 2): (v0, v1), (v2, v3), ..., (v[KW - 1], 0)
 *   1              2 * multiplier - 2**32
 *   1              -2**(32 - n), n the right shift, or one less: see packing/depthwise_factors.py
 * Where n <= 0 the first word and w are times -2**(1 - n), the last two 0 and the multiplier.
 * lower_blocks: the same with the rows in another order, pairs (w[1][k], w[2][k]) and v = w[0]. With it 3x3 taps, their rows
 * stepped by 1 or 2, make two output rows at once: fewer input rows are widened, and the scratch holds an output row.
 */
typedef struct {
  const int32_t *blocks;
  const int32_t *lower_blocks; /* where rows_at_once is 2 */
  int32_t rows_at_once;
  int32_t corrects_halves; /* 1: what is to be shifted, and is negative, becomes one less */
  int32_t channels;
  int32_t stride_rows;
  int32_t stride_cols;
  int32_t input_zero_point;
  int32_t output_zero_point;
  int32_t low; /* clamp of the stored value */
  int32_t high;
} mcup_packed_depthwise_params;

/* pad_top, pad_left: as with mcup_conv2d. */
typedef void mcup_packed_depthwise(const mcup_packed_depthwise_params *params, const mcup_input *in,
                                   const mcup_output *out, int32_t pad_top, int32_t pad_left, void *scratch);

mcup_packed_depthwise mcup_depthwise_3x3, mcup_depthwise_5x5, mcup_depthwise_7x7;
/* With the bits of a float32 scale and 0 as the last two words of a channel, rounded half to even; any sums. */
mcup_packed_depthwise mcup_depthwise_3x3_float, mcup_depthwise_5x5_float, mcup_depthwise_7x7_float;
/* With multiplier * 2**(1 - n) and 0, rounded once; any sums. */
mcup_packed_depthwise mcup_depthwise_3x3_single, mcup_depthwise_5x5_single, mcup_depthwise_7x7_single;
/* For calls whose output windows have at most out_rows rows and out_cols columns. */
size_t mcup_depthwise_3x3_scratch_bytes(const mcup_packed_depthwise_params *params, int32_t out_rows, int32_t out_cols);
size_t mcup_depthwise_5x5_scratch_bytes(const mcup_packed_depthwise_params *params, int32_t out_rows, int32_t out_cols);
size_t mcup_depthwise_7x7_scratch_bytes(const mcup_packed_depthwise_params *params, int32_t out_rows, int32_t out_cols);

typedef struct {
  const int8_t *weights; /* [O][I] */
  const int32_t *bias;   /* [O] */
  mcup_requant requant;
  int32_t inputs;
  int32_t outputs;
  int32_t input_zero_point;
  int32_t weight_zero_point;
} mcup_dense_params;

/* `batch` rows of `inputs` bytes to `batch` rows of `outputs` bytes. */
void mcup_dense(const mcup_dense_params *params, const int8_t *in, int8_t *out, int32_t batch, void *scratch);
size_t mcup_dense_scratch_bytes(const mcup_dense_params *params);

/*
 * Dense from weights packed at compile time. `blocks` holds a block of words for each four outputs,
 * and one for the last two where one or two are left:
 *   biases                    of its outputs, with the input's zero point folded in
 *   weights                   for each four inputs k0..k3 and each two outputs w0, w1 of the block the halfwords
 *                             256 * w1 + w0 of k0, k2, k1, k3; all within int16
 * Inputs and outputs beyond the last have zeros.
 */
typedef struct {
  const int32_t *blocks;
  const int32_t *multiplier; /* the fields of mcup_requant */
  const int32_t *shift;
  const float *scale;
  const double *scale_double;
  int32_t per_channel;
  int32_t inputs;
  int32_t outputs;
  int32_t weight_zero_point;
  int32_t output_zero_point;
  int32_t low;
  int32_t high;
} mcup_packed_dense_params;

void mcup_packed_dense(const mcup_packed_dense_params *params, const int8_t *in, int8_t *out, int32_t batch,
                       void *scratch);
size_t mcup_packed_dense_scratch_bytes(const mcup_packed_dense_params *params, int32_t out_rows, int32_t out_cols);

/* out[i] from a[i] and b[i], in this order of i, i in [0, count): elements of an operator whose parameters `params` are. */
typedef void mcup_binary_run(const void *params, const int8_t *a, const int8_t *b, int8_t *out, int32_t count);

/* Of mcup_add: any fixed or float sum; with both operands halved, or one, as LiteRT's converter makes them (add.c). */
mcup_binary_run mcup_add_fixed, mcup_add_float, mcup_add_halves, mcup_add_scaled;

typedef struct {
  mcup_requant input_requant;  /* fixed: 2 entries; float: 2 ratios in `scale` */
  mcup_requant output_requant; /* fixed: 1 entry; also holds zero_point, low, high for both roundings */
  float offset;                /* float: round(fma(a - za, ratio_a, fma(b - zb, ratio_b, offset))) + zero_point */
  int32_t left_shift;
  int32_t zero_point_a;
  int32_t zero_point_b;
  int32_t channels; /* of the output */
  /* 1 where the side of that operand is 1 and repeats, else 0 */
  int32_t a_repeats_rows, a_repeats_cols, a_repeats_channels;
  int32_t b_repeats_rows, b_repeats_cols, b_repeats_channels;
  mcup_binary_run *run;
  /* halves and scaled only: -zero_point * 2**19, but 2**20 of an operand that is not halved, which comes second */
  int32_t is_swapped, offset_first, offset_second;
  int32_t second_multiplier, second_divisor, sum_multiplier, sum_divisor; /* as in fixed_scale.h */
} mcup_add_params;

void mcup_add(const mcup_add_params *params, const mcup_input *a, const mcup_input *b, const mcup_output *out);

typedef struct {
  mcup_requant requant;
  float offset; /* float: round(product * scale + offset) + zero_point, never contracted to an fma */
  int32_t zero_point_a;
  int32_t zero_point_b;
  int32_t channels;
  int32_t a_repeats_rows, a_repeats_cols, a_repeats_channels;
  int32_t b_repeats_rows, b_repeats_cols, b_repeats_channels;
} mcup_mul_params;

void mcup_mul(const mcup_mul_params *params, const mcup_input *a, const mcup_input *b, const mcup_output *out);

typedef struct {
  int32_t channels;
  int32_t kernel_rows, kernel_cols;
  int32_t stride_rows, stride_cols;
  int32_t dilation_rows, dilation_cols; /* max pooling only */
  int32_t low, high;
  int32_t rounding_up;       /* average only: see AvgPool2D */
  int32_t count_include_pad; /* average only */
  const float *scale;        /* average only: {scale_in, scale_out}, or NULL to keep the scale; see AvgPool2D */
  float offset;              /* average with a scale only */
  int32_t input_zero_point;
  int32_t output_zero_point;
} mcup_pool_params;

void mcup_avg_pool2d(const mcup_pool_params *params, const mcup_input *in, const mcup_output *out, int32_t pad_top,
                     int32_t pad_left);
void mcup_max_pool2d(const mcup_pool_params *params, const mcup_input *in, const mcup_output *out, int32_t pad_top,
                     int32_t pad_left);

typedef struct {
  mcup_requant requant;        /* 1 entry; scales the sum over count of (in - input_zero_point) */
  int32_t outer, count, inner; /* the input as [outer][count][inner]; the mean runs over count */
  int32_t input_zero_point;
} mcup_mean_params;

void mcup_mean(const mcup_mean_params *params, const int8_t *in, int8_t *out);

/*
 * Reductions of a map that arrives in windows, together all its pixels once: clear the sums, add the windows, finish.
 * The sums are mcup_sums_bytes(channels) bytes at a multiple of 4.
 */
size_t mcup_sums_bytes(int32_t channels);
void mcup_clear_sums(int32_t channels, void *sums);

/* mcup_mean with outer = 1 and inner = channels, whatever the windows and their order. */
void mcup_mean_add(int32_t channels, const mcup_input *in, void *sums);
void mcup_mean_finish(const mcup_mean_params *params, const void *sums, int8_t *out);

/*
 * mcup_avg_pool2d with one output pixel whose kernel covers the map. `count`: what the sum is divided by, the pixels
 * of the map or, with count_include_pad, the positions of the kernel. With a scale the windows must come row by row at
 * full width: float32 sums depend on the order.
 */
void mcup_avg_pool_add(const mcup_pool_params *params, const mcup_input *in, void *sums);
void mcup_avg_pool_finish(const mcup_pool_params *params, int32_t count, const void *sums, int8_t *out);

/* Constant padding: output pixel (y, x) is input-window pixel (y - pad_top, x - pad_left), or `value`. */
void mcup_pad(int32_t channels, int8_t value, const mcup_input *in, const mcup_output *out, int32_t pad_top,
              int32_t pad_left);

/* Copies a window of `channels` bytes a pixel into channels [first, first + channels) of pixels of out_channels bytes. */
void mcup_copy_channels(int32_t channels, int32_t first, int32_t out_channels, const int8_t *table,
                        const mcup_input *in, const mcup_output *out); /* table: 256 entries by x + 128, or NULL */
/* Copies rows of `run` bytes: out[i * out_step + j] = f(in[i * run + j]) for a concatenation along an outer axis. */
void mcup_copy_runs(int32_t runs, int32_t run, int32_t out_step, const int8_t *table, const int8_t *in, int8_t *out);

void mcup_resize_nearest(int32_t channels, const int32_t *row_index, const int32_t *col_index, const mcup_input *in,
                         const mcup_output *out);
typedef struct {
  int32_t channels;
  const int32_t *row_index;        /* [OH][2] */
  const int32_t *col_index;        /* [OW][2] */
  const int32_t *row_weight_fixed; /* [OH][2] in 1/1024, or NULL */
  const int32_t *col_weight_fixed; /* [OW][2] */
  const float *row_weight_float;   /* [OH][2], or NULL */
  const float *col_weight_float;   /* [OW][2] */
  float input_scale, output_scale; /* with float weights only; see ResizeBilinear */
  int32_t input_zero_point, output_zero_point;
} mcup_resize_bilinear_params;

void mcup_resize_bilinear(const mcup_resize_bilinear_params *params, const mcup_input *in, const mcup_output *out);

/* out = table[raw byte of in], pixels of `channels` bytes. */
void mcup_lut(int32_t channels, const int8_t *table, const mcup_input *in, const mcup_output *out);

/*
 * Exactly one table is set; entry 255 - d is exp of a stored value d below its row's largest.
 *
 * table_fixed, Q0.31 (0: the element is skipped); output in 1/256 with zero point -128. With mulh(a, b) the rounding
 * doubling high product and rdiv(a, n) = a / 2**n rounded half away from zero, both as in requantisation:
 *   sum = sum of rdiv(e, 12); lz = leading zeros of sum; f = (sum << lz) - 2**31; half = (f + 2**31) / 2, int64 inside
 *   x = 1515870810 + mulh(half, -1010580540); three times: x += sat32(mulh(x, 2**29 - mulh(half, x)) * 4)
 *   out = sat8(rdiv(mulh(sat32(2 * x), e), 35 - lz) - 128); a shift above 31 gives 0
 * table_float: the sum is taken in order in float32,
 *   out = sat8(round_half_even(e * output_scale / sum) + output_zero_point)
 */
typedef struct {
  const int32_t *table_fixed; /* [256], or NULL */
  const float *table_float;   /* [256], or NULL */
  int32_t rows;
  int32_t channels;
  float output_scale;
  int32_t output_zero_point;
} mcup_softmax_params;

void mcup_softmax(const mcup_softmax_params *params, const int8_t *in, int8_t *out);

/* shape and permutation hold `rank` <= 6 entries; output side i is input side permutation[i]; items of one byte. */
void mcup_transpose(int32_t rank, const int32_t *shape, const int32_t *permutation, const int8_t *in, int8_t *out);

void mcup_copy(size_t bytes, const void *in, void *out); /* nothing when in == out */

/*
 * Moves rows, the first row first. The two places may overlap where target <= source and
 * target_stride <= source_stride: rows inside one buffer, towards its start.
 */
void mcup_move(int32_t rows, int32_t row_bytes, const void *source, int32_t source_stride, void *target,
               int32_t target_stride);

void mcup_quantize(int32_t channels, float scale, int32_t zero_point, int32_t half_even, const mcup_input *in,
                   const mcup_output *out); /* float32 pixels to int8 pixels */
void mcup_dequantize(int32_t channels, float scale, int32_t zero_point, const mcup_input *in, const mcup_output *out);

#endif /* MCUPATCH_KERNELS_H */
