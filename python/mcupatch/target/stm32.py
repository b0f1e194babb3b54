"""What tools need to know of the STM32 on a board, beside its memories: who it is, its UART, names of debuggers for it."""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.errors import BadInput


@dataclass(frozen=True)
class Uart:
    """The transmitter that reports; ``port`` and ``pin`` carry it as alternate function 7.

    ``enable`` and ``port_enable`` are (address, bit) of the RCC registers that switch on its clock and that of the port.
    """

    name: str
    base: int
    enable: tuple[int, int]
    port: str
    port_base: int
    port_enable: tuple[int, int]
    pin: int
    has_status_register: bool = False  # the older peripheral, with SR and DR


@dataclass(frozen=True)
class Stm32:
    """One chip. ``family`` names its start-up code ("f4", "f7", "h7"), ``manual`` the reference manual it follows.

    ``device_id`` are the low 12 bits at ``id_address`` (DBGMCU_IDCODE); at ``flash_size_address`` is the size of the flash
    in KiB, 16 bits. ``interrupts`` is how many the vector table has. ``timer_enable`` switches on TIM2.
    """

    board: str
    family: str
    manual: str
    device_id: int
    id_address: int
    flash_size_address: int
    interrupts: int
    uart: Uart
    timer_enable: tuple[int, int]
    openocd: str
    pyocd: str

    @property
    def cpu(self) -> str:
        return "cortex-m7" if self.has_caches else "cortex-m4"

    @property
    def fpu(self) -> str:
        """Its name to gcc; that of the STM32F746 has single precision only."""
        return "fpv5-d16" if self.family == "h7" else "fpv5-sp-d16" if self.has_caches else "fpv4-sp-d16"

    @property
    def zig_cpu(self) -> str:
        """Core and unit by zig's names."""
        core = self.cpu.replace("-", "_")
        return core + (
            "+fp_armv8d16" if self.family == "h7" else "+fp_armv8d16sp" if self.has_caches else "+vfp4d16sp"
        )

    @property
    def has_caches(self) -> bool:
        return self.family != "f4"


_RCC_F = 0x4002_3800
_RCC_H = 0x5802_4400

CHIPS = (
    Stm32(
        board="stm32f412",
        family="f4",
        manual="RM0402",
        device_id=0x441,
        id_address=0xE004_2000,
        flash_size_address=0x1FFF_7A22,
        interrupts=97,
        uart=Uart("USART3", 0x4000_4800, (_RCC_F + 0x40, 18), "D", 0x4002_0C00, (_RCC_F + 0x30, 3), 8, True),
        timer_enable=(_RCC_F + 0x40, 0),
        openocd="target/stm32f4x.cfg",
        pyocd="stm32f412xg",
    ),
    Stm32(
        board="stm32f746",
        family="f7",
        manual="RM0385",
        device_id=0x449,
        id_address=0xE004_2000,
        flash_size_address=0x1FF0_F442,
        interrupts=98,
        uart=Uart("USART1", 0x4001_1000, (_RCC_F + 0x44, 4), "A", 0x4002_0000, (_RCC_F + 0x30, 0), 9),
        timer_enable=(_RCC_F + 0x40, 0),
        openocd="target/stm32f7x.cfg",
        pyocd="stm32f746ng",
    ),
    Stm32(
        board="stm32h743",
        family="h7",
        manual="RM0433",
        device_id=0x450,
        id_address=0x5C00_1000,
        flash_size_address=0x1FF1_E880,
        interrupts=150,
        uart=Uart("USART3", 0x4000_4800, (_RCC_H + 0xE8, 18), "D", 0x5802_0C00, (_RCC_H + 0xE0, 3), 8),
        timer_enable=(_RCC_H + 0xE8, 0),
        openocd="target/stm32h7x.cfg",
        pyocd="stm32h743xx",
    ),
)


def find_chip(board: str) -> Stm32:
    """The chip of a board. Raises BadInput for a board that carries none of these."""
    for chip in CHIPS:
        if chip.board == board:
            return chip
    known = ", ".join(chip.board for chip in CHIPS)
    raise BadInput(f"board {board!r} is no STM32 with start-up code here; these are: {known}")
