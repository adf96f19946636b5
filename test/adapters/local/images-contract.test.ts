/** Do disk images on this host keep every promise of a resource provider? */
import { resourceProviderContract } from "../../contracts/resource-provider.ts";
import { openImagesWorld } from "./images-world.ts";

resourceProviderContract("disk images", openImagesWorld);
