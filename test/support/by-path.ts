/** In which order do test files run? By path, so that what looks at all the others' traces (zz-…) comes last. */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files of the AWS project take turns; those of this machine alone may run in any order, the long ones first. */
export class ByPath extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files.filter(({ project }) => project.name !== "aws"));
    const inTurn = files.filter(({ project }) => project.name === "aws");
    return [...usual, ...inTurn.sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1))];
  }
}
