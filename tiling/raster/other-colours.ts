import { PHOTOMETRIC, type RasterInfo } from './raster-info.js';

/** Whether colours are L*, a* and b*, in one of TIFF's two ways. */
export function isLab({ photometric }: Pick<RasterInfo, 'photometric'>): boolean {
  return photometric === PHOTOMETRIC.cielab || photometric === PHOTOMETRIC.icclab;
}

/** Whether colours are neither grey nor RGB, but can become RGB. */
export function hasOtherColours(info: Pick<RasterInfo, 'photometric'>): boolean {
  return info.photometric === PHOTOMETRIC.separated || isLab(info);
}

/** Whether a* and b* have a sign in files, and begin at 0 here; floating-point ones are the same in both. */
export function hasSignedChroma({ photometric, dtype }: Pick<RasterInfo, 'photometric' | 'dtype'>): boolean {
  return photometric === PHOTOMETRIC.cielab && (dtype === 'uint8' || dtype === 'uint16');
}
