import type { PageInfo, PictureName } from '../../../proto/page/messages';

/** A picture with what the viewer needs to know of it. */
export type Shown = PictureName & { readonly info: PageInfo };
