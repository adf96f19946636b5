/** Do both forms of the data plane keep its contract? */
import { dataPlaneContract } from "../contracts/data-plane.ts";
import { directPlane, poolPlane } from "../support/planes.ts";

dataPlaneContract("direct, in memory", directPlane);
dataPlaneContract("worker pool, on files", () => poolPlane());
