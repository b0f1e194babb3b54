/* Depthwise convolution of 5x5 taps. */
#include "mcupatch/depthwise_kernel.h"

MCUP_WIDEN_LOOP(mcup_widen_5x5, 2)
MCUP_DEPTHWISE_KERNEL(5, mcup_depthwise_5x5, mcup_widen_5x5)
