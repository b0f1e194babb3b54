/* Depthwise convolution of 5x5 taps. */
#include "mcupatch/depthwise_kernel.h"

MCUP_DEPTHWISE_KERNEL(5, mcup_depthwise_5x5)
