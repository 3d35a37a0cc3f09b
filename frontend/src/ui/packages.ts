// Each package's own styles, after the frame's, so that they may refine but need not fight. A module of its own: the
// bundler puts what a glob brings before the other imports of the module where it stands.
import.meta.glob(["../*/*.css", "!../ui/*.css"], { eager: true });
