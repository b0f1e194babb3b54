/* Depthwise convolution of 3x3 taps. */
#include "mcupatch/depthwise_kernel.h"

MCUP_DEPTHWISE_KERNEL(3, mcup_depthwise_3x3, mcup_widen_single)
