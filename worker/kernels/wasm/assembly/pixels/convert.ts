// Rows of samples from one type to another.

// @ts-ignore: decorator
@inline
function convert<From, To>(source: usize, into: usize, count: u32): void {
  const end = source + <usize>count * sizeof<From>();
  while (source < end) {
    const sample = load<From>(source);
    if (isFloat<From>()) {
      const top: f64 = sizeof<To>() == 1 ? 255 : 65535;
      const value = Math.floor(<f64>sample + 0.5);
      store<To>(into, value >= 0 ? <To><u32>Math.min(value, top) : 0);
    } else if (sizeof<To>() == 1) store<To>(into, <To>min<u32>(sample, 255));
    else store<To>(into, <To>sample);
    source += sizeof<From>();
    into += sizeof<To>();
  }
}

export function uint8ToUint16(source: usize, into: usize, count: u32): void {
  convert<u8, u16>(source, into, count);
}

export function uint8ToFloat32(source: usize, into: usize, count: u32): void {
  convert<u8, f32>(source, into, count);
}

export function uint16ToUint8(source: usize, into: usize, count: u32): void {
  convert<u16, u8>(source, into, count);
}

export function uint16ToFloat32(source: usize, into: usize, count: u32): void {
  convert<u16, f32>(source, into, count);
}

export function float32ToUint8(source: usize, into: usize, count: u32): void {
  convert<f32, u8>(source, into, count);
}

export function float32ToUint16(source: usize, into: usize, count: u32): void {
  convert<f32, u16>(source, into, count);
}
