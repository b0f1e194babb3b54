/* Depthwise convolution of 5x5 taps with float32 scales. */
#include "mcupatch/depthwise_kernel.h"

MCUP_FLOAT_DEPTHWISE_KERNEL(5, mcup_depthwise_5x5_float, mcup_widen_5x5)
