/* Depthwise convolution of 3x3 taps, rounded once. */
#include "mcupatch/depthwise_kernel.h"

MCUP_SINGLE_DEPTHWISE_KERNEL(3, mcup_depthwise_3x3_single, mcup_widen_single)
