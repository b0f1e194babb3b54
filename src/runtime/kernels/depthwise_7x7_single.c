/* Depthwise convolution of 7x7 taps, rounded once. */
#include "mcupatch/depthwise_kernel.h"

MCUP_SINGLE_DEPTHWISE_KERNEL(7, mcup_depthwise_7x7_single, mcup_widen_7x7)
