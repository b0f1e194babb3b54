/* Convolution by tiles with int8 weights, any sums and any multipliers and shifts. */
#include "mcupatch/conv_kernel.h"

MCUP_TILED_CONV2D(mcup_packed_conv2d_any, INT8, ANY)
