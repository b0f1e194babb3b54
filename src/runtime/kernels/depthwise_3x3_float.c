/* Depthwise convolution of 3x3 taps with float32 scales. */
#include "mcupatch/depthwise_kernel.h"

MCUP_FLOAT_DEPTHWISE_KERNEL(3, mcup_depthwise_3x3_float, mcup_widen_single)
