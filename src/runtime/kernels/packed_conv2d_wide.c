/* Convolution by tiles with int16 weights. */
#include "mcupatch/conv_kernel.h"

MCUP_TILED_CONV2D(mcup_packed_conv2d_wide, INT16, FIXED)
