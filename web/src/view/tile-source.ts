import type { PageInfo } from '../../../proto/page/messages';
import type { TileBoard } from '../live/tiles';

/** How a picture is shown. */
export interface PictureLook {
  readonly low: number;
  readonly high: number;
  readonly style: 'own' | 'heat';
}

/** An OpenSeadragon tile source over the IIIF URLs of a picture. */
export function tileSource(info: PageInfo, look: PictureLook, board?: TileBoard) {
  const { id, width, height, tileSide } = info;
  const maxLevel = Math.max(0, Math.ceil(Math.log2(Math.max(width, height) / tileSide)));
  const rectOf = (level: number, x: number, y: number) => {
    const side = tileSide * 2 ** (maxLevel - level);
    return {
      left: x * side,
      top: y * side,
      wide: Math.min(side, width - x * side),
      high: Math.min(side, height - y * side),
    };
  };
  const query = `low=${look.low}&high=${look.high}${look.style === 'own' ? '' : `&style=${look.style}`}`;
  // Only what hides nothing and is not finer than the screen may lose anything.
  const opaque = board === undefined && info.finishedShare === 1 && (info.channels === 1 || info.channels === 3);
  return {
    ...{ width, height, tileSize: tileSide, tileOverlap: 0, minLevel: 0, maxLevel },
    getTileUrl(level: number, x: number, y: number): string {
      const { left, top, wide, high } = rectOf(level, x, y);
      const scale = 2 ** (maxLevel - level);
      const size = `${Math.max(1, Math.round(wide / scale))},${Math.max(1, Math.round(high / scale))}`;
      const version =
        board === undefined ? `&v=${info.finishedShare}` : `&v=${board.committedIn(left, top, wide, high)}`;
      const format = opaque && level < maxLevel ? 'jpg' : 'png';
      return `/iiif/${encodeURIComponent(id)}/${left},${top},${wide},${high}/${size}/0/default.${format}?${query}${version}`;
    },
    tileExists(level: number, x: number, y: number): boolean {
      const { left, top, wide, high } = rectOf(level, x, y);
      if (wide <= 0 || high <= 0 || level < 0 || level > maxLevel || x < 0 || y < 0) return false;
      return board === undefined || board.committedIn(left, top, wide, high) > 0;
    },
  };
}
