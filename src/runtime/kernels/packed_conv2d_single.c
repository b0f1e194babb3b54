/* Convolution by tiles with int8 weights, rounded once. */
#include "mcupatch/conv_kernel.h"

MCUP_TILED_CONV2D(mcup_packed_conv2d_single, INT8, SINGLE)
