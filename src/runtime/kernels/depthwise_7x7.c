/* Depthwise convolution of 7x7 taps. */
#include "mcupatch/depthwise_kernel.h"

MCUP_WIDEN_LOOP(mcup_widen_7x7, 3)
MCUP_DEPTHWISE_KERNEL(7, mcup_depthwise_7x7, mcup_widen_7x7)
