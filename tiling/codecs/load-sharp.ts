/** The image library, loaded at first use: a tenth of a second that jobs on plain TIFF files need not spend. */
export async function loadSharp(): Promise<typeof import('sharp').default> {
  const { default: sharp } = await import('sharp');
  return sharp;
}
