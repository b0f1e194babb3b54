/* Convolution by tiles with int8 weights. */
#include "mcupatch/conv_kernel.h"

MCUP_TILED_CONV2D(mcup_packed_conv2d, INT8, FIXED)
