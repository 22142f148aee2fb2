/** Prints about disk areas in each form that CSC's and LUMI's commands have, as a test's own command prints them. */

/** `csc-workspaces` with four columns; one area is over its quota. */
export const fourColumns = `
Disk area               Capacity(used/max)  Files(used/max)  Cleanup
--------------------------------------------------------------------
Personal home folder
--------------------------------------------------------------------
/users/csc                       2.2M/10G         37/100K      n/a
--------------------------------------------------------------------
Project: project_2001234 "Ferries"
--------------------------------------------------------------------
/projappl/project_2001234        120M/50G        265/100K      n/a
/scratch/project_2001234        7.2T*/7.0T      1.2M/2.0M     180d
--------------------------------------------------------------------
Project: project_2005678 "Data 2026-01-02 of /scratch/other"
--------------------------------------------------------------------
/projappl/project_2005678        4.8G/50G        104K*/100K    n/a
/scratch/project_2005678         7.2/10TB          0/1.0M      90d
--------------------------------------------------------------------
* over the quota
`

/** The older one with three columns. */
export const threeColumns = `Disk area               Capacity(used/max)  Files(used/max)
----------------------------------------------------------
/users/csc                    3.045G/10G      2.42k/100k
Project: project_2001234 "Ferries"
/projappl/project_2001234     12.86M/50G       .97k/100k
/scratch/project_2001234          4k/1T          0k/1000k
`

/** `lumi-workspaces`: a disk area more, and what the projects were given. */
export const withAllocations = `Disk area               Capacity(used/max)  Files(used/max)
----------------------------------------------------------
/users/csc                       16M/22G         17/100K
Project: project_465000001
/projappl/project_465000001      3.8G/54G        41K/100K
/scratch/project_465000001       29G/55T        219K/2.0M
/flash/project_465000001         4.1K/2.2T        1/1.0M

Data updated: 2026-11-19 15:36:37
Project             |       CPU (used/allocated)|      GPU (used/allocated)|  Storage (used/allocated)
-----------------------------------------------------------------------------------------------------
project_465000001   |  12345/100000 (12.3%) core/hours|  0/1000 (0.0%) gpu/hours|  55/90 (61.1%) TB/hours
project_465000002   |  7/0 (N/A) core/hours
`
