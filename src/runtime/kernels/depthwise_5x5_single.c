/* Depthwise convolution of 5x5 taps, rounded once. */
#include "mcupatch/depthwise_kernel.h"

MCUP_SINGLE_DEPTHWISE_KERNEL(5, mcup_depthwise_5x5_single, mcup_widen_5x5)
