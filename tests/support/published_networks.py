"""Input, MACs and parameters of every network of the zoo as its source gives them, kept to be compared with."""

from __future__ import annotations

from typing import NamedTuple


class Figures(NamedTuple):
    """``parameters`` are the weights and one bias per output channel."""

    input_shape: tuple[int, int, int]
    macs: int
    weights: int
    parameters: int


PUBLISHED = {
    "fbnet_a": Figures((224, 224, 3), 244_452_664, 4_270_288, 4_287_936),
    "fbnet_a_paper": Figures((224, 224, 3), 249_921_848, 4_286_480, 4_304_472),
    "mbv2_rd": Figures((224, 224, 3), 292_721_024, 3_527_888, 3_546_848),
    "mbv2_w0.35_r144": Figures((144, 144, 3), 23_499_152, 736_864, 744_072),
    "mbv2_w0.3_r80": Figures((80, 80, 3), 7_299_968, 621_776, 628_592),
    "mcunet_in0": Figures((48, 48, 3), 6_364_224, 735_176, 743_008),
    "mcunet_in1": Figures((96, 96, 3), 12_790_096, 623_216, 630_224),
    "mcunet_in2": Figures((160, 160, 3), 67_287_200, 712_904, 721_648),
    "mcunet_in3": Figures((176, 176, 3), 81_785_520, 721_032, 729_720),
    "mcunet_in4": Figures((160, 160, 3), 125_874_400, 1_710_232, 1_721_936),
    "mcunet_int4_256kb": Figures((160, 160, 3), 134_492_600, 1_384_328, 1_395_008),
    "mcunet_int4_320kb": Figures((176, 176, 3), 169_952_528, 1_379_400, 1_390_424),
    "mcunet_int4_512kb": Figures((192, 192, 3), 466_767_552, 3_228_880, 3_246_184),
    "mcunet_vww0": Figures((64, 64, 3), 5_958_400, 358_744, 363_858),
    "mcunet_vww1": Figures((80, 80, 3), 11_578_816, 420_520, 426_634),
    "mcunet_vww2": Figures((144, 144, 3), 55_771_280, 621_032, 630_146),
    "mcunetv2_large": Figures((224, 224, 3), 216_815_264, 1_782_200, 1_799_208),
    "mlperf_kws_dscnn": Figures((49, 10, 1), 2_656_768, 22_016, 22_604),
    "mlperf_resnet8": Figures((32, 32, 3), 12_501_632, 77_360, 77_706),
    "mlperf_vww96": Figures((96, 96, 3), 7_489_664, 208_112, 210_850),
    "mnasnet_a1": Figures((224, 224, 3), 311_579_072, 3_848_312, 3_870_294),
    "mnasnet_b1": Figures((224, 224, 3), 314_415_872, 4_344_392, 4_364_352),
    "mobilenet_v2": Figures((224, 224, 3), 300_774_272, 3_469_760, 3_487_816),
    "ofa_cpu_10ms": Figures((144, 144, 3), 143_192_752, 4_132_664, 4_145_968),
    "ofa_cpu_11ms": Figures((144, 144, 3), 160_315_320, 4_366_400, 4_381_000),
    "ofa_cpu_15ms": Figures((188, 188, 3), 300_991_560, 4_842_464, 4_859_584),
    "ofa_cpu_17ms": Figures((208, 208, 3), 364_488_032, 4_898_696, 4_916_632),
    "person_det": Figures((128, 160, 3), 18_296_320, 159_584, 163_494),
    "proxyless_mobile": Figures((224, 224, 3), 320_427_584, 4_045_016, 4_063_264),
    "proxyless_w0.25_r112": Figures((112, 112, 3), 10_691_008, 559_240, 564_920),
    "proxyless_w0.3_r176": Figures((176, 176, 3), 38_282_216, 741_680, 748_480),
}
