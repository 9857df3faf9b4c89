// The largest sample under the footprint, a row a call. What is missing is NaN, which no comparison lets in.
//
//   clang --target=wasm32 -O3 -msimd128 -nostdlib -Wl,--no-entry -Wl,-z,stack-size=4096 -Wl,--max-memory=4194304 \
//     -o max-row.wasm max-row.c

#define EXPORT(name) __attribute__((export_name(#name)))

static double buffer[262144];

EXPORT(halotile_buffer)
void *halotile_buffer(int bytes) { return bytes <= (int)sizeof buffer ? buffer : 0; }

EXPORT(halotile_row)
void halotile_row(const float *samples, const int *offsets, const double *weights, int count, double *out, int pixels,
                  const double *user, int userCount, int x, int y, int width, int height, int channel) {
  for (int i = 0; i < pixels; i++) {
    float best = -__builtin_inff();
    for (int k = 0; k < count; k++) {
      float next = samples[i + offsets[k]];
      best = next > best ? next : best;
    }
    out[i] = best;
  }
}
