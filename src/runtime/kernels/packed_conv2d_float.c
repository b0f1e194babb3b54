/* Convolution by tiles with int8 weights and float32 scales. */
#include "mcupatch/conv_kernel.h"

MCUP_TILED_CONV2D(mcup_packed_conv2d_float, INT8, FLOAT)
