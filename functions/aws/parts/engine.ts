/** The data plane in its direct form: the work is done in the function itself. */
import { createDataPlane } from "../../../core/engine/data-plane.ts";

export const engine = () => ({ createDataPlane });
