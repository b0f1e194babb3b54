/* Convolution by tiles with int16 weights, rounded once. */
#include "mcupatch/conv_kernel.h"

MCUP_TILED_CONV2D(mcup_packed_conv2d_single_wide, INT16, SINGLE)
