// Σ weight·sample / Σ weight over the footprint; 0 where nothing is there. A pixel a call.
//
//   clang --target=wasm32 -O3 -nostdlib -Wl,--no-entry -Wl,-z,stack-size=4096 -Wl,--max-memory=1048576 \
//     -o weighted-mean.wasm weighted-mean.c

#define EXPORT(name) __attribute__((export_name(#name)))

static double buffer[32768];

EXPORT(halotile_buffer)
void *halotile_buffer(int bytes) { return bytes <= (int)sizeof buffer ? buffer : 0; }

EXPORT(halotile_pixel)
double halotile_pixel(const double *samples, const double *weights, int count, const double *user, int userCount,
                      int x, int y, int width, int height, int channel) {
  double sum = 0, total = 0;
  for (int i = 0; i < count; i++) {
    sum += weights[i] * samples[i];
    total += weights[i];
  }
  return total == 0 ? 0 : sum / total;
}
