/* Depthwise convolution of 7x7 taps with float32 scales. */
#include "mcupatch/depthwise_kernel.h"

MCUP_FLOAT_DEPTHWISE_KERNEL(7, mcup_depthwise_7x7_float, mcup_widen_7x7)
