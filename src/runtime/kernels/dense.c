/* Fully connected layer: two outputs at a time, the inputs widened on the fly. */
#include "mcupatch/dot.h"
#include "mcupatch/kernels.h"
#include "mcupatch/scale_double.h"

size_t mcup_dense_scratch_bytes(const mcup_dense_params *params) {
  (void)params;
  return 0;
}

/* What the weights' zero point adds to every sum of this row. */
static int32_t zero_point_share(const mcup_dense_params *params, const int8_t *in) {
  int32_t total = 0;
  if (params->weight_zero_point != 0) {
    for (int32_t i = 0; i < params->inputs; ++i) {
      total += in[i] - params->input_zero_point;
    }
  }
  return mcup_mul_wrap(params->weight_zero_point, total);
}

void mcup_dense(const mcup_dense_params *params, const int8_t *in, int8_t *out, int32_t batch, void *scratch) {
  const mcup_requant requant = params->requant;
  (void)scratch;
  for (int32_t row = 0; row < batch; ++row) {
    const int8_t *inputs = in + (ptrdiff_t)row * params->inputs;
    int8_t *outputs = out + (ptrdiff_t)row * params->outputs;
    const int32_t taken = zero_point_share(params, inputs);
    for (int32_t o = 0; o < params->outputs; o += 2) {
      const int32_t second = o + 1 < params->outputs ? 1 : 0; /* 0: computed twice, stored once */
      const int8_t *weights = params->weights + (ptrdiff_t)o * params->inputs;
      int32_t sums[2] = {mcup_sub_wrap(params->bias[o], taken), mcup_sub_wrap(params->bias[o + second], taken)};
      mcup_dot_bytes_2(inputs, params->input_zero_point, weights, weights + (ptrdiff_t)second * params->inputs,
                       params->inputs, sums);
      mcup_requantize_layer(&requant, o, sums, 1 + second, outputs + o);
    }
  }
}
