# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The classes that are read here: superclass, keys, types of properties and results.

Windows Server 2019 and 23H2: the classes' own definitions as github.com/microsoft/wmi
prints them, datetimes and keys from Microsoft's documentation of the classes (Win32,
Hyper-V WMI provider V2; CIMWin32). A class begins at the margin, ``: SUPERCLASS``. The
lines under it are ``key:`` in order, ``TYPE:`` and the properties declared there, and
``METHOD()`` with those of its results that are neither a string nor a single
reference. A class outside the table is no error: its values stay text.
"""

from __future__ import annotations

TABLE = """\
CIM_ActiveConnection : CIM_SAPSAPDependency
  boolean: IsUnidirectional
  string: OtherTrafficDescription
  uint16: TrafficType
CIM_AffectedJobElement
  reference: AffectedElement AffectingElement
  string[]: OtherElementEffectsDescriptions
  uint16[]: ElementEffects
CIM_AllocationCapabilities : CIM_Capabilities
  string: OtherResourceType ResourceSubType
  uint16: RequestTypesSupported ResourceType SharingMode
  uint16[]: SupportedAddStates SupportedRemoveStates
CIM_Capabilities : CIM_ManagedElement
CIM_Component
  reference: GroupComponent PartComponent
CIM_ComputerSystem : CIM_System
  string[]: OtherDedicatedDescriptions
  uint16: ResetCapability
  uint16[]: Dedicated PowerManagementCapabilities
CIM_ConcreteJob : CIM_Job
  datetime: TimeBeforeRemoval TimeOfLastStateChange
  uint16: JobState
CIM_DataFile
  key: Name
  boolean: Archive Compressed Encrypted Hidden Readable System Writeable
  datetime: CreationDate InstallDate LastAccessed LastModified
  string: CSCreationClassName CSName Caption CompressionMethod CreationClassName
    Description Drive EightDotThreeFileName EncryptionMethod Extension
    FSCreationClassName FSName FileName FileType Manufacturer Name Path Status Version
  uint32: AccessMask
  uint64: FileSize InUseCount
CIM_Dependency
  reference: Antecedent Dependent
CIM_ElementCapabilities
  reference: Capabilities ManagedElement
  uint16[]: Characteristics
CIM_ElementSettingData
  reference: ManagedElement SettingData
  uint16: IsCurrent IsDefault IsNext
CIM_EnabledLogicalElement : CIM_LogicalElement
  datetime: TimeOfLastStateChange
  string: OtherEnabledState
  uint16: EnabledDefault EnabledState RequestedState TransitioningToState
  uint16[]: AvailableRequestedStates
CIM_EnabledLogicalElementCapabilities : CIM_Capabilities
  boolean: ElementNameEditSupported
  string: ElementNameMask
  uint16: MaxElementNameLen
  uint16[]: RequestedStatesSupported
CIM_Error
  string: CIMStatusCodeDescription ErrorSource Message MessageID
    OtherErrorSourceFormat OtherErrorType OwningEntity ProbableCauseDescription
  string[]: MessageArguments RecommendedActions
  uint16: ErrorSourceFormat ErrorType PerceivedSeverity ProbableCause
  uint32: CIMStatusCode
CIM_EthernetPort : CIM_NetworkPort
  string[]: CapabilityDescriptions OtherEnabledCapabilities
  uint16[]: Capabilities EnabledCapabilities
  uint32: MaxDataSize
CIM_EthernetPortAllocationSettingData : CIM_ResourceAllocationSettingData
  string: OtherEndpointMode
  uint16: DesiredVLANEndpointMode
CIM_HostedDependency : CIM_Dependency
CIM_HostedService : CIM_HostedDependency
CIM_Job : CIM_LogicalElement
  boolean: DeleteOnCompletion
  datetime: ElapsedTime RunStartInterval ScheduledStartTime StartTime TimeSubmitted
    UntilTime
  sint8: RunDay RunDayOfWeek
  string: ErrorDescription JobStatus Notify OtherRecoveryAction Owner
  uint16: ErrorCode LocalOrUtcTime PercentComplete RecoveryAction
  uint32: JobRunTimes Priority
  uint8: RunMonth
CIM_LANEndpoint : CIM_ProtocolEndpoint
  string: LANID MACAddress OtherLANType
  string[]: AliasAddresses GroupAddresses
  uint16: LANType
  uint32: MaxDataSize
CIM_LastAppliedSnapshot : CIM_Dependency
CIM_LogicalDevice : CIM_EnabledLogicalElement
  boolean: ErrorCleared PowerManagementSupported
  string: CreationClassName DeviceID ErrorDescription SystemCreationClassName
    SystemName
  string[]: IdentifyingDescriptions OtherIdentifyingInfo
  uint16: Availability StatusInfo
  uint16[]: AdditionalAvailability PowerManagementCapabilities
  uint32: LastErrorCode
  uint64: MaxQuiesceTime PowerOnHours TotalPowerOnHours
CIM_LogicalElement : CIM_ManagedSystemElement
CIM_LogicalPort : CIM_LogicalDevice
  string: OtherPortType
  uint16: PortType UsageRestriction
  uint64: MaxSpeed RequestedSpeed Speed
CIM_ManagedElement
  string: Caption Description ElementName InstanceID
CIM_ManagedSystemElement : CIM_ManagedElement
  datetime: InstallDate
  string: Name Status
  string[]: StatusDescriptions
  uint16: CommunicationStatus DetailedStatus HealthState OperatingStatus PrimaryStatus
  uint16[]: OperationalStatus
CIM_Memory : CIM_StorageExtent
  boolean: CorrectableError SystemLevelAddress Volatile
  datetime: ErrorTime
  string: OtherErrorDescription
  uint16: ErrorAccess ErrorDataOrder ErrorInfo
  uint32: ErrorTransferSize
  uint64: EndingAddress ErrorAddress ErrorResolution StartingAddress
  uint8[]: AdditionalErrorData ErrorData
CIM_MostCurrentSnapshotInBranch : CIM_Dependency
CIM_NetworkPort : CIM_LogicalPort
  boolean: AutoSense FullDuplex
  string: OtherLinkTechnology OtherNetworkPortType PermanentAddress
  string[]: NetworkAddresses
  uint16: LinkTechnology PortNumber
  uint64: ActiveMaximumTransmissionUnit SupportedMaximumTransmissionUnit
CIM_Processor : CIM_LogicalDevice
  string: OtherFamilyDescription Role Stepping UniqueID
  uint16: AddressWidth CPUStatus DataWidth Family LoadPercentage UpgradeMethod
  uint32: CurrentClockSpeed ExternalBusClockSpeed MaxClockSpeed
CIM_ProtocolEndpoint : CIM_ServiceAccessPoint
  string: NameFormat OtherTypeDescription
  uint16: ProtocolIFType ProtocolType
CIM_ResourceAllocationSettingData : CIM_SettingData
  boolean: AutomaticAllocation AutomaticDeallocation
  string: Address AddressOnParent AllocationUnits OtherResourceType Parent PoolID
    ResourceSubType VirtualQuantityUnits
  string[]: Connection HostResource
  uint16: ConsumerVisibility MappingBehavior ResourceType
  uint32: Weight
  uint64: Limit Reservation VirtualQuantity
CIM_ResourcePool : CIM_LogicalElement
  boolean: Primordial
  string: AllocationUnits ConsumedResourceUnits OtherResourceType PoolID
    ResourceSubType
  uint16: ResourceType
  uint64: Capacity CurrentlyConsumedResource MaxConsumableResource Reserved
CIM_SAPSAPDependency : CIM_Dependency
CIM_Service : CIM_EnabledLogicalElement
  boolean: Started
  string: CreationClassName PrimaryOwnerContact PrimaryOwnerName StartMode
    SystemCreationClassName SystemName
CIM_ServiceAccessPoint : CIM_EnabledLogicalElement
  string: CreationClassName SystemCreationClassName SystemName
CIM_SettingData : CIM_ManagedElement
CIM_SettingsDefineCapabilities : CIM_Component
  uint16: PropertyPolicy ValueRange ValueRole
CIM_SettingsDefineState
  reference: ManagedElement SettingData
CIM_SnapshotOfVirtualSystem : CIM_Dependency
CIM_StorageAllocationSettingData : CIM_ResourceAllocationSettingData
  string: HostExtentName OtherHostExtentNameFormat OtherHostExtentNameNamespace
  uint16: Access HostExtentNameFormat HostExtentNameNamespace
  uint64: HostExtentStartingAddress HostResourceBlockSize VirtualResourceBlockSize
CIM_StorageExtent : CIM_LogicalDevice
  boolean: IsBasedOnUnderlyingRedundancy NoSinglePointOfFailure Primordial
    SequentialAccess
  string: ErrorMethodology OtherNameFormat OtherNameNamespace Purpose
  uint16: Access DataOrganization DataRedundancy NameFormat NameNamespace
    PackageRedundancy
  uint16[]: ExtentStatus
  uint64: BlockSize ConsumableBlocks NumberOfBlocks
  uint8: DeltaReservation
CIM_System : CIM_EnabledLogicalElement
  string: CreationClassName NameFormat PrimaryOwnerContact PrimaryOwnerName
  string[]: IdentifyingDescriptions OtherIdentifyingInfo Roles
CIM_SystemComponent : CIM_Component
CIM_SystemDevice : CIM_SystemComponent
CIM_TPM : CIM_LogicalDevice
  string: TPMManufacturerInfo
  uint16: TPMState TransitioningToTPMState
  uint16[]: AvailableRequestedTPMStates
  uint32: TPMManafucturerMajorRevision TPMManufacturerId TPMManufacturerMinorRevision
    TPMSpecMajorVersion TPMSpecMinorVersion
CIM_UserDevice : CIM_LogicalDevice
  boolean: IsLocked
CIM_View : CIM_ManagedElement
CIM_VirtualEthernetSwitchSettingData : CIM_VirtualSystemSettingData
  string[]: AssociatedResourcePool VLANConnection
  uint32: MaxNumMACAddress
CIM_VirtualSystemManagementCapabilities : CIM_EnabledLogicalElementCapabilities
  string[]: VirtualSystemTypesSupported
  uint16[]: AsynchronousMethodsSupported IndicationsSupported
    SynchronousMethodsSupported
CIM_VirtualSystemManagementService : CIM_Service
  AddResourceSettings() ResultingResourceSettings=reference[]
  ModifyResourceSettings() ResultingResourceSettings=reference[]
CIM_VirtualSystemMigrationService : CIM_Service
  CheckVirtualSystemIsMigratableToHost() IsMigratable=boolean
  CheckVirtualSystemIsMigratableToSystem() IsMigratable=boolean
CIM_VirtualSystemSettingData : CIM_SettingData
  datetime: AutomaticStartupActionDelay CreationTime
  string: ConfigurationDataRoot ConfigurationFile ConfigurationID LogDataRoot
    RecoveryFile SnapshotDataRoot SuspendDataRoot SwapFileDataRoot
    VirtualSystemIdentifier VirtualSystemType
  string[]: Notes
  uint16: AutomaticRecoveryAction AutomaticShutdownAction AutomaticStartupAction
    AutomaticStartupActionSequenceNumber
CIM_VirtualSystemSettingDataComponent : CIM_Component
CIM_VirtualSystemSnapshotService : CIM_Service
CIM_WiFiPort : CIM_NetworkPort
Msvm_ActiveConnection : CIM_ActiveConnection
  key: Antecedent Dependent
Msvm_AffectedJobElement : CIM_AffectedJobElement
  key: AffectedElement AffectingElement
Msvm_AllocationCapabilities : CIM_AllocationCapabilities
  key: InstanceID
Msvm_AssignableDeviceService : CIM_Service
  key: SystemCreationClassName SystemName CreationClassName Name
Msvm_BootSourceSettingData : CIM_SettingData
  key: InstanceID
  string: BootSourceDescription FirmwareDevicePath OtherLocation
  uint32: BootSourceType
  uint8[]: OptionalData
Msvm_ComputerSystem : CIM_ComputerSystem
  key: CreationClassName Name
  datetime: LastApplicationConsistentReplicationTime LastReplicationTime
    LastSuccessfulBackupTime TimeOfLastConfigurationChange
  string: ManagementVtlImageFileName ManagementVtlImageVersion
  uint16: EnhancedSessionModeState FailedOverReplicationType LastReplicationType
    NumberOfNumaNodes ReplicationHealth ReplicationMode ReplicationState
  uint32: HwThreadsPerCoreRealized ProcessID
  uint64: OnTimeInMilliseconds
Msvm_ConcreteJob : CIM_ConcreteJob
  key: InstanceID
  boolean: Cancellable
  string: ErrorSummaryDescription
  uint16: JobType
  GetErrorEx() Errors=string[]
Msvm_CopyFileToGuestJob : CIM_ConcreteJob
  key: InstanceID
  boolean: Cancellable Started
  string: CreationClassName ErrorSummaryDescription StartMode SystemCreationClassName
    SystemName VirtualSystemName
  string[]: CopyFileToGuestSettingData
  GetErrorEx() Errors=string[]
Msvm_ElementCapabilities : CIM_ElementCapabilities
  key: Capabilities ManagedElement
Msvm_ElementSettingData : CIM_ElementSettingData
  key: ManagedElement SettingData
Msvm_EmulatedEthernetPortSettingData : CIM_EthernetPortAllocationSettingData
  key: InstanceID
  boolean: ClusterMonitored StaticMacAddress
Msvm_Error : CIM_Error
Msvm_EthernetPortAllocationSettingData : CIM_EthernetPortAllocationSettingData
  key: InstanceID
  string: CompartmentGuid LastKnownSwitchName PortName TestReplicaPoolID
    TestReplicaSwitchName
  string[]: RequiredFeatureHints RequiredFeatures
  uint16: EnabledState
Msvm_EthernetPortSettingDataComponent : CIM_Component
  key: GroupComponent PartComponent
Msvm_EthernetSwitchFeatureCapabilities : CIM_Capabilities
  key: InstanceID
  string: FeatureId Version
  uint16: Applicability
Msvm_EthernetSwitchPort : CIM_EthernetPort
  key: SystemCreationClassName SystemName CreationClassName DeviceID
  uint32: IOVOffloadUsage VMQOffloadUsage
Msvm_EthernetSwitchPortAclSettingData : Msvm_EthernetSwitchPortFeatureSettingData
  key: InstanceID
  string: LocalAddress Name RemoteAddress
  uint8: AclType Action Applicability Direction LocalAddressPrefixLength
    RemoteAddressPrefixLength
Msvm_EthernetSwitchPortBandwidthSettingData : Msvm_EthernetSwitchPortFeatureSettingData
  key: InstanceID
  uint64: BurstLimit BurstSize Limit Reservation Weight
Msvm_EthernetSwitchPortFeatureSettingData : Msvm_FeatureSettingData
Msvm_EthernetSwitchPortSecuritySettingData : Msvm_EthernetSwitchPortFeatureSettingData
  key: InstanceID
  boolean: AllowIeeePriorityTag AllowMacSpoofing AllowTeaming EnableDhcpGuard
    EnableFixSpeed10G EnableRouterGuard Reserved
  string: TeamName
  uint32: DynamicIPAddressLimit StormLimit TeamNumber VirtualSubnetId
  uint8: MonitorMode MonitorSession
Msvm_EthernetSwitchPortVlanSettingData : Msvm_EthernetSwitchPortFeatureSettingData
  key: InstanceID
  uint16: AccessVlanId NativeVlanId PrimaryVlanId SecondaryVlanId
  uint16[]: PruneVlanIdArray SecondaryVlanIdArray TrunkVlanIdArray
  uint32: OperationMode PvlanMode
Msvm_ExternalEthernetPort : CIM_EthernetPort
  key: SystemCreationClassName SystemName CreationClassName DeviceID
  boolean: IsBound
  string[]: AdditionalAvailability
Msvm_FeatureSettingData : CIM_SettingData
Msvm_FeatureSettingsDefineCapabilities : CIM_SettingsDefineCapabilities
  key: GroupComponent PartComponent
Msvm_GpuPartitionSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  boolean: NumaAwarePlacement
  string[]: VirtualSystemIdentifiers
  uint64: MaxPartitionCompute MaxPartitionDecode MaxPartitionEncode MaxPartitionVRAM
    MinPartitionCompute MinPartitionDecode MinPartitionEncode MinPartitionVRAM
    OptimalPartitionCompute OptimalPartitionDecode OptimalPartitionEncode
    OptimalPartitionVRAM
Msvm_GuestFileService : Msvm_GuestService
  key: SystemCreationClassName SystemName CreationClassName Name
Msvm_GuestNetworkAdapterConfiguration
  key: InstanceID
  boolean: DHCPEnabled
  string: InstanceID
  string[]: DNSServers DefaultGateways IPAddresses Subnets
  uint16: ProtocolIFType
  uint16[]: IPAddressOrigins
Msvm_GuestService : CIM_Service
Msvm_GuestServiceInterfaceComponent : CIM_LogicalDevice
  key: SystemCreationClassName SystemName CreationClassName DeviceID
  boolean: ConfigManagerUserConfig
  string: PNPDeviceID
  uint32: ConfigManagerErrorCode
Msvm_GuestServiceInterfaceComponentSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  uint16: DefaultEnabledStatePolicy EnabledState
Msvm_HeartbeatComponent : CIM_LogicalDevice
  key: SystemCreationClassName SystemName CreationClassName DeviceID
Msvm_HeartbeatComponentSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  uint16: EnabledState
  uint32: ErrorThreshold Interval Latency
Msvm_HostedService : CIM_HostedService
  key: Antecedent Dependent
Msvm_ImageManagementService : CIM_Service
  key: SystemCreationClassName SystemName CreationClassName Name
  GetVHDSnapshotInformation() SnapshotInformation=string[]
  GetVirtualDiskChanges() ProcessedByteLength=uint64 ChangedByteOffsets=uint64[]
    ChangedByteLengths=uint64[]
Msvm_InternalEthernetPort : CIM_EthernetPort
  key: SystemCreationClassName SystemName CreationClassName DeviceID
Msvm_Keyboard : CIM_UserDevice
  key: SystemCreationClassName SystemName CreationClassName DeviceID
  boolean: UnicodeSupported
  string: Layout
  uint16: NumberOfFunctionKeys Password
  IsKeyPressed() KeyState=boolean
Msvm_KvpExchangeComponent : CIM_LogicalDevice
  key: SystemCreationClassName SystemName CreationClassName DeviceID
  string[]: GuestExchangeItems GuestIntrinsicExchangeItems
Msvm_KvpExchangeComponentSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  boolean: DisableHostKVPItems
  string[]: HostExchangeItems HostOnlyItems
  uint16: EnabledState
Msvm_KvpExchangeDataItem : CIM_ManagedElement
  key: InstanceID
  string: Data Name
  uint16: Source
Msvm_LANEndpoint : CIM_LANEndpoint
  key: SystemCreationClassName SystemName CreationClassName Name
  boolean: Connected
Msvm_LastAppliedSnapshot : CIM_LastAppliedSnapshot
  key: Antecedent Dependent
Msvm_Memory : CIM_Memory
  key: SystemCreationClassName SystemName CreationClassName DeviceID
  boolean: MemoryEncryption
Msvm_MemorySettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  boolean: DynamicMemoryEnabled HugePagesEnabled IsVirtualized SgxEnabled
    SwapFilesInUse
  string: SgxLaunchControlDefault
  uint32: SgxLaunchControlMode TargetMemoryBuffer
  uint64: MaxMemoryBlocksPerNumaNode SgxSize
  uint8: MemoryAccessTrackingPolicy MemoryEncryptionPolicy
Msvm_MigrationJob : CIM_ConcreteJob
  key: InstanceID
  boolean: Cancellable
  string: DestinationHost ErrorSummaryDescription NewSystemSettingData
    VirtualSystemName
  string[]: NewResourceSettingData
  uint16: JobType MigrationType
  GetErrorEx() Errors=string[]
Msvm_MostCurrentSnapshotInBranch : CIM_MostCurrentSnapshotInBranch
  key: Antecedent Dependent
Msvm_MountedStorageImage : CIM_LogicalElement
  key: InstanceID PortNumber PathId TargetId Lun
  string: PnpDevicePath
  uint16: Access Type
  uint8: Lun PathId PortNumber TargetId
Msvm_ParentChildSettingData : CIM_Dependency
  key: Antecedent Dependent
Msvm_PartitionableGpu : CIM_ComputerSystem
  key: CreationClassName Name
  uint16: PartitionCount
  uint16[]: ValidPartitionCounts
  uint64: AvailableCompute AvailableDecode AvailableEncode AvailableVRAM
    MaxPartitionCompute MaxPartitionDecode MaxPartitionEncode MaxPartitionVRAM
    MinPartitionCompute MinPartitionDecode MinPartitionEncode MinPartitionVRAM
    OptimalPartitionCompute OptimalPartitionDecode OptimalPartitionEncode
    OptimalPartitionVRAM TotalCompute TotalDecode TotalEncode TotalVRAM
Msvm_PciExpressSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  boolean: NumaAwarePlacement
  boolean[]: AllowDirectTranslatedP2P
  string[]: VirtualSystemIdentifiers
  uint16[]: VirtualFunctions
  uint8: TargetVtl
Msvm_PlannedComputerSystem : CIM_ComputerSystem
  key: CreationClassName Name
  datetime: TimeOfLastConfigurationChange
  uint16[]: AssignedNumaNodeList
  uint32: ProcessID
  uint64: OnTimeInMilliseconds
Msvm_Processor : CIM_Processor
  key: SystemCreationClassName SystemName CreationClassName DeviceID
  uint16[]: LoadPercentageHistory
Msvm_ProcessorPool : CIM_ResourcePool
  key: InstanceID
Msvm_ProcessorSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  boolean: AllowACountMCount DisableSpeculationControls EnableHostResourceProtection
    EnableLegacyApicMode EnablePerfmonArchPmu EnablePerfmonIpt EnablePerfmonLbr
    EnablePerfmonPebs EnablePerfmonPmu EnableSocketTopology
    ExposeVirtualizationExtensions HideHypervisorPresent LimitCPUID
    LimitProcessorFeatures
  string: CpuBrandString CpuGroupId EnlightenmentSet ProcessorFeatureSet
  uint16: ExtendedVirtualizationExtensions L3ProcessorDistributionPolicy
    LimitProcessorFeaturesMode
  uint32: L3CacheWays MaxClusterCountPerSocket MaxHwIsolatedGuests
    MaxProcessorCountPerL3 PerfCpuFreqCapMhz PhysicalAddressWidth
  uint64: HwThreadsPerCore MaxNumaNodesPerSocket MaxProcessorsPerNumaNode
  uint8: ApicMode EnablePageShattering
Msvm_ReplicationService : CIM_Service
  key: SystemCreationClassName SystemName CreationClassName Name
  GetReplicationStatistics() ReplicationStatistics=string[]
    ReplicationHealthIssues=string[]
  GetReplicationStatisticsEx() ReplicationStatistics=string[]
    ReplicationHealthIssues=string[]
  GetSystemCertificates() EncodedCertificates=string[]
Msvm_ResourceAllocationSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  string[]: VirtualSystemIdentifiers
  uint8: TargetVtl
Msvm_ResourcePool : CIM_ResourcePool
  key: InstanceID
Msvm_ResourcePoolConfigurationService : CIM_Service
  key: SystemCreationClassName SystemName CreationClassName Name
Msvm_SecurityElement : CIM_EnabledLogicalElement
  key: SystemCreationClassName SystemName CreationClassName
  boolean: EncryptStateAndVmMigrationTrafficEnabled Shielded
  string: CreationClassName SystemCreationClassName SystemName
Msvm_SecurityService : CIM_Service
  key: SystemCreationClassName SystemName CreationClassName Name
  GetKeyProtector() KeyProtector=uint8[]
Msvm_SecuritySettingData : CIM_SettingData
  key: InstanceID
  boolean: AppContainerLaunchOptOut BindToHostTpm DataProtectionRequested
    EncryptStateAndVmMigrationTraffic KsdEnabled ShieldingRequested TpmEnabled
    VirtualizationBasedSecurityOptOut
Msvm_SerialPortSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  boolean: DebuggerMode
Msvm_SettingsDefineCapabilities : CIM_SettingsDefineCapabilities
  key: GroupComponent PartComponent
  uint16: SupportStatement
Msvm_SettingsDefineState : CIM_SettingsDefineState
  key: ManagedElement SettingData
Msvm_ShutdownComponent : CIM_LogicalDevice
  key: SystemCreationClassName SystemName CreationClassName DeviceID
Msvm_ShutdownComponentSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  uint16: EnabledState
Msvm_SnapshotOfVirtualSystem : CIM_SnapshotOfVirtualSystem
  key: Antecedent Dependent
Msvm_StorageAllocationSettingData : CIM_StorageAllocationSettingData
  key: InstanceID
  boolean: IgnoreFlushes PersistentReservationsSupported
  string: IOPSAllocationUnits SnapshotId StorageQoSPolicyID
  uint16: CachingMode WriteHardeningMethod
  uint64: IOPSLimit IOPSReservation
Msvm_StorageJob : CIM_ConcreteJob
  key: InstanceID
  boolean: Cancellable
  string: Child ErrorSummaryDescription Parent
  uint16: JobType
  uint32: JobCompletionStatusCode
  GetErrorEx() Errors=string[]
Msvm_SummaryInformation : Msvm_SummaryInformationBase
  key: InstanceID
  boolean: MemorySpansPhysicalNumaNodes Shielded SwapFilesInUse
  object[]: AsynchronousTasks Snapshots
  reference: TestReplicaSystem
  sint32: AvailableMemoryBuffer MemoryAvailable
  string: AllocatedGPU GuestOperatingSystem
  string[]: ReplicationProviderId
  uint16: ApplicationHealth Heartbeat IntegrationServicesVersionState ProcessorLoad
    ReplicationHealth ReplicationMode ReplicationState ThumbnailImageHeight
    ThumbnailImageWidth
  uint16[]: ProcessorLoadHistory ReplicationHealthEx ReplicationStateEx
  uint64: HypervisorPartitionId MemoryUsage
  uint8[]: ThumbnailImage
Msvm_SummaryInformationBase : CIM_View
  key: InstanceID
  datetime: CreationTime
  string: HostComputerSystemName Name Notes OtherEnabledState Version
    VirtualSystemSubType
  string[]: StatusDescriptions VirtualSwitchNames
  uint16: EnabledState EnhancedSessionModeState HealthState NumberOfProcessors
  uint16[]: OperationalStatus
  uint64: UpTime
Msvm_Synthetic3DDisplayControllerSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  uint64: VRAMSizeBytes
  uint8: MaximumMonitors MaximumScreenResolution
Msvm_SyntheticDisplayControllerSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  uint16: HorizontalResolution VerticalResolution
  uint8: ResolutionType
Msvm_SyntheticEthernetPortSettingData : CIM_EthernetPortAllocationSettingData
  key: InstanceID
  boolean: AllowDirectTranslatedP2P AllowPacketDirect ClusterMonitored
    DeviceNamingEnabled InterruptModeration NumaAwarePlacement StaticMacAddress
  string[]: VirtualSystemIdentifiers
  uint32: MediaType
Msvm_SystemDevice : CIM_SystemDevice
  key: GroupComponent PartComponent
Msvm_TPM : CIM_TPM
  key: SystemCreationClassName SystemName CreationClassName DeviceID
Msvm_TimeSyncComponent : CIM_LogicalDevice
  key: SystemCreationClassName SystemName CreationClassName DeviceID
Msvm_TimeSyncComponentSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  uint16: EnabledState
Msvm_VirtualEthernetSwitch : CIM_ComputerSystem
  key: CreationClassName Name
  uint32: MaxIOVOffloads MaxVMQOffloads
Msvm_VirtualEthernetSwitchManagementService : CIM_VirtualSystemManagementService
  key: SystemCreationClassName SystemName CreationClassName Name
  AddFeatureSettings() ResultingFeatureSettings=reference[]
  ModifyFeatureSettings() ResultingFeatureSettings=reference[]
Msvm_VirtualEthernetSwitchSettingData : CIM_VirtualEthernetSwitchSettingData
  key: InstanceID
  boolean: AllowNetLbfoTeams BypassExtensionStack IOVPreferred PacketDirectEnabled
    TeamingEnabled
  string[]: ExtensionOrder RequiredExtensionIds
  uint32: BandwidthReservationMode
Msvm_VirtualHardDiskSettingData : CIM_SettingData
  key: InstanceID
  boolean: IsPmemCompatible
  string: ParentIdentifier ParentPath ParentTimestamp Path VirtualDiskId
  uint16: Format PmemAddressAbstractionType Type
  uint32: BlockSize LogicalSectorSize PhysicalSectorSize
  uint64: DataAlignment MaxInternalSize
Msvm_VirtualHardDiskState
  boolean: InUse
  string: Timestamp
  uint32: Alignment FragmentationPercentage PhysicalSectorSize
  uint64: FileSize MinInternalSize
Msvm_VirtualSystemCapabilities : CIM_EnabledLogicalElementCapabilities
  key: InstanceID
Msvm_VirtualSystemExportSettingData : CIM_SettingData
  key: InstanceID
  boolean: CopyVmRuntimeInformation CopyVmStorage CreateVmExportSubdirectory
    DisableDifferentialOfIgnoredStorage ExportForLiveMigration
  string: DifferentialBackupBase GuestDebugStateFilePath SnapshotVirtualSystem
  string[]: ExcludedVirtualHardDisks
  uint8: BackupIntent CaptureLiveState CopySnapshotConfiguration
Msvm_VirtualSystemManagementCapabilities : CIM_VirtualSystemManagementCapabilities
  key: InstanceID
Msvm_VirtualSystemManagementService : CIM_VirtualSystemManagementService
  key: SystemCreationClassName SystemName CreationClassName Name
  AddBootSourceSettings() ResultingBootSourceSettings=reference[]
  AddFeatureSettings() ResultingFeatureSettings=reference[]
  AddGuestServiceSettings() ResultingGuestServiceSettings=reference[]
  AddSystemComponentSettings() ResultingComponentSettings=reference[]
  GenerateWwpn() GeneratedWwpn=string[]
  GetDefinitionFileSummaryInformation() SummaryInformation=object[]
  GetSizeOfSystemFiles() Size=uint64
  GetSummaryInformation() SummaryInformation=object[]
  GetVirtualSystemThumbnailImage() ImageData=uint8[]
  ImportSnapshotDefinitions() ImportedSnapshots=reference[]
  ModifyFeatureSettings() ResultingFeatureSettings=reference[]
  ModifyGuestServiceSettings() ResultingGuestServiceSettings=reference[]
  ModifySystemComponentSettings() ResultingComponentSettings=reference[]
  TestNetworkConnection() RoundTripTime=uint32
Msvm_VirtualSystemManagementServiceSettingData : CIM_SettingData
  key: InstanceID
  boolean: EnhancedSessionModeEnabled HypervisorRootSchedulerEnabled
    NumaSpanningEnabled
  string: BiosLockString CurrentWWNNAddress DefaultExternalDataRoot
    DefaultVirtualHardDiskPath MaximumMacAddress MaximumWWPNAddress MinimumMacAddress
    MinimumWWPNAddress PrimaryOwnerContact PrimaryOwnerName
  uint16: DefaultVirtualHardDiskCachingMode HypervisorSnpStatus HypervisorTdxStatus
  uint32: HbaLunTimeout
Msvm_VirtualSystemMigrationService : CIM_VirtualSystemMigrationService
  key: SystemCreationClassName SystemName CreationClassName Name
  string: EnabledState
  string[]: MigrationServiceListenerIPAddressList
  uint32: ActiveStorageMigrationCount ActiveVirtualSystemMigrationCount
  CheckSystemCompatibilityInfo() Reasons=string[]
  GetProcessorFeatureLimits() CompatibilityVectors=reference[]
  GetSystemCompatibilityInfo() CompatibilityInfo=uint8[]
  GetSystemCompatibilityVectors() CompatibilityVectors=object[]
Msvm_VirtualSystemSettingData : CIM_VirtualSystemSettingData
  key: InstanceID
  boolean: AllowFullSCSICommandSet AllowReducedFcRedundancy AutomaticSnapshotsEnabled
    BIOSNumLock BootPciExpress EnableHibernation GuestControlledCacheTypes
    GuestStateIsolationEnabled IncrementalBackupEnabled IsAutomaticSnapshot IsSaved
    LockOnDisconnect PauseAfterBootFailure SecureBootEnabled TurnOffOnGuestRestart
    VirtualNumaEnabled WatchdogEnabled
  datetime: AutomaticCriticalErrorActionTimeout
  string: AdditionalRecoveryInformation Architecture BIOSGUID BIOSSerialNumber
    BaseBoardSerialNumber BootPciExpressInstanceFilter ChassisAssetTag
    ChassisSerialNumber FirmwareFile GuestStateDataRoot GuestStateFile
    MemoryHostingJobObjectName Parent ParentPackage SecureBootTemplateId Version
    VirtualSystemSubType WorkerJobObjectName
  string[]: BootSourceOrder NumaNodeTopologyArray
  uint16: AutomaticCriticalErrorAction ClusterWideNodeCapabilitiesValidationMode
    ConsoleMode DebugPortEnabled EnhancedSessionTransportType GuestStateIsolationMode
    GuestStateIsolationType NetworkBootPreferredProtocol UserSnapshotType
    VMBusMessageRedirection VirtualSlitType Vtl2AddressSpaceConfigurationMode
  uint16[]: BootOrder
  uint32: DebugChannelId DebugPort
  uint64: GuestFeatureSet HighMmioGapBase HighMmioGapSize LowMmioGapSize
    Vtl2AddressRangeBase Vtl2AddressRangeSize Vtl2MmioAddressRangeSize
  uint8[]: FirmwareParameters
Msvm_VirtualSystemSettingDataComponent : CIM_VirtualSystemSettingDataComponent
  key: GroupComponent PartComponent
Msvm_VirtualSystemSnapshotService : CIM_VirtualSystemSnapshotService
  key: SystemCreationClassName SystemName CreationClassName Name
Msvm_VirtualSystemSnapshotSettingData : CIM_SettingData
  key: InstanceID
  boolean: IgnoreNonSnapshottableDisks
  uint8: ConsistencyLevel GuestBackupType
Msvm_VssComponent : CIM_LogicalDevice
  key: SystemCreationClassName SystemName CreationClassName DeviceID
Msvm_VssComponentSettingData : CIM_ResourceAllocationSettingData
  key: InstanceID
  uint16: EnabledState
Msvm_WiFiPort : CIM_WiFiPort
  key: SystemCreationClassName SystemName CreationClassName DeviceID
  boolean: IsBound
Win32_BIOS
  key: Name SoftwareElementID SoftwareElementState TargetOperatingSystem Version
  boolean: PrimaryBIOS SMBIOSPresent
  datetime: InstallDate ReleaseDate
  string: BuildNumber Caption CodeSet CurrentLanguage Description IdentificationCode
    LanguageEdition Manufacturer Name OtherTargetOS SMBIOSBIOSVersion SerialNumber
    SoftwareElementID Status Version
  string[]: BIOSVersion ListOfLanguages
  uint16: InstallableLanguages SMBIOSMajorVersion SMBIOSMinorVersion
    SoftwareElementState TargetOperatingSystem
  uint16[]: BiosCharacteristics
  uint8: EmbeddedControllerMajorVersion EmbeddedControllerMinorVersion
    SystemBiosMajorVersion SystemBiosMinorVersion
Win32_ComputerSystem
  key: Name
  boolean: AutomaticManagedPagefile AutomaticResetBootOption AutomaticResetCapability
    BootROMSupported DaylightInEffect EnableDaylightSavingsTime HypervisorPresent
    InfraredSupported NetworkServerModeEnabled PartOfDomain PowerManagementSupported
  datetime: InstallDate
  sint16: CurrentTimeZone ResetCount ResetLimit
  sint64: PauseAfterReset
  string: BootupState Caption ChassisSKUNumber CreationClassName DNSHostName
    Description Domain LastLoadInfo Manufacturer Model Name NameFormat
    PrimaryOwnerContact PrimaryOwnerName Status SystemFamily SystemSKUNumber
    SystemType UserName Workgroup
  string[]: InitialLoadInfo OEMStringArray Roles SupportContactDescription
    SystemStartupOptions
  uint16: AdminPasswordStatus BootOptionOnLimit BootOptionOnWatchDog
    ChassisBootupState DomainRole FrontPanelResetStatus KeyboardPasswordStatus
    PCSystemType PCSystemTypeEx PowerOnPasswordStatus PowerState PowerSupplyState
    ResetCapability SystemStartupDelay ThermalState WakeUpType
  uint16[]: BootStatus PowerManagementCapabilities
  uint32: NumberOfLogicalProcessors NumberOfProcessors
  uint64: TotalPhysicalMemory
  uint8: SystemStartupSetting
  uint8[]: OEMLogoBitmap
Win32_ComputerSystemProduct
  key: IdentifyingNumber Name Version
  string: Caption Description IdentifyingNumber Name SKUNumber UUID Vendor Version
Win32_Directory
  key: Name
  boolean: Archive Compressed Encrypted Hidden Readable System Writeable
  datetime: CreationDate InstallDate LastAccessed LastModified
  string: CSCreationClassName CSName Caption CompressionMethod CreationClassName
    Description Drive EightDotThreeFileName EncryptionMethod Extension
    FSCreationClassName FSName FileName FileType Name Path Status
  uint32: AccessMask
  uint64: FileSize InUseCount
Win32_DiskDrive
  key: DeviceID
  boolean: ConfigManagerUserConfig ErrorCleared MediaLoaded NeedsCleaning
    PowerManagementSupported
  datetime: InstallDate
  string: Caption CompressionMethod CreationClassName Description DeviceID
    ErrorDescription ErrorMethodology FirmwareRevision InterfaceType Manufacturer
    MediaType Model Name PNPDeviceID SerialNumber Status SystemCreationClassName
    SystemName
  string[]: CapabilityDescriptions
  uint16: Availability SCSILogicalUnit SCSIPort SCSITargetId StatusInfo
  uint16[]: Capabilities PowerManagementCapabilities
  uint32: BytesPerSector ConfigManagerErrorCode Index LastErrorCode
    NumberOfMediaSupported Partitions SCSIBus SectorsPerTrack Signature TotalHeads
    TracksPerCylinder
  uint64: DefaultBlockSize MaxBlockSize MaxMediaSize MinBlockSize Size TotalCylinders
    TotalSectors TotalTracks
Win32_IP4RouteTable
  key: Destination InterfaceIndex Mask NextHop
  datetime: InstallDate
  sint32: InterfaceIndex Metric1 Metric2 Metric3 Metric4 Metric5
  string: Caption Description Destination Information Mask Name NextHop Status
  uint32: Age Protocol Type
Win32_LogicalDisk
  key: DeviceID
  boolean: Compressed ConfigManagerUserConfig ErrorCleared PowerManagementSupported
    QuotasDisabled QuotasIncomplete QuotasRebuilding SupportsDiskQuotas
    SupportsFileBasedCompression VolumeDirty
  datetime: InstallDate
  string: Caption CreationClassName Description DeviceID ErrorDescription
    ErrorMethodology FileSystem Name PNPDeviceID ProviderName Purpose Status
    SystemCreationClassName SystemName VolumeName VolumeSerialNumber
  uint16: Access Availability StatusInfo
  uint16[]: PowerManagementCapabilities
  uint32: ConfigManagerErrorCode DriveType LastErrorCode MaximumComponentLength
    MediaType
  uint64: BlockSize FreeSpace NumberOfBlocks Size
Win32_NetworkAdapter
  key: DeviceID
  boolean: AutoSense ConfigManagerUserConfig ErrorCleared Installed NetEnabled
    PhysicalAdapter PowerManagementSupported
  datetime: InstallDate TimeOfLastReset
  string: AdapterType Caption CreationClassName Description DeviceID ErrorDescription
    GUID MACAddress Manufacturer Name NetConnectionID PNPDeviceID PermanentAddress
    ProductName ServiceName Status SystemCreationClassName SystemName
  string[]: NetworkAddresses
  uint16: AdapterTypeId Availability NetConnectionStatus StatusInfo
  uint16[]: PowerManagementCapabilities
  uint32: ConfigManagerErrorCode Index InterfaceIndex LastErrorCode
    MaxNumberControlled
  uint64: MaxSpeed Speed
Win32_NetworkAdapterConfiguration
  key: Index
  boolean: ArpAlwaysSourceRoute ArpUseEtherSNAP DHCPEnabled
    DNSEnabledForWINSResolution DeadGWDetectEnabled DomainDNSRegistrationEnabled
    FullDNSRegistrationEnabled IPEnabled IPFilterSecurityEnabled IPPortSecurityEnabled
    IPUseZeroBroadcast IPXEnabled PMTUBHDetectEnabled PMTUDiscoveryEnabled
    TcpUseRFC1122UrgentPointer WINSEnableLMHostsLookup
  datetime: DHCPLeaseExpires DHCPLeaseObtained
  string: Caption DHCPServer DNSDomain DNSHostName DatabasePath Description IPXAddress
    IPXVirtualNetNumber MACAddress ServiceName SettingID WINSHostLookupFile
    WINSPrimaryServer WINSScopeID WINSSecondaryServer
  string[]: DNSDomainSuffixSearchOrder DNSServerSearchOrder DefaultIPGateway IPAddress
    IPSecPermitIPProtocols IPSecPermitTCPPorts IPSecPermitUDPPorts IPSubnet
    IPXNetworkNumber
  uint16: TcpWindowSize
  uint16[]: GatewayCostMetric
  uint32: ForwardBufferMemory IPConnectionMetric IPXMediaType Index InterfaceIndex
    KeepAliveInterval KeepAliveTime MTU NumForwardPackets TcpMaxConnectRetransmissions
    TcpMaxDataRetransmissions TcpNumConnections TcpipNetbiosOptions
  uint32[]: IPXFrameType
  uint8: DefaultTOS DefaultTTL IGMPLevel
Win32_OperatingSystem
  key: Name
  boolean: DataExecutionPrevention_32BitApplications DataExecutionPrevention_Available
    DataExecutionPrevention_Drivers Debug Distributed PAEEnabled
    PortableOperatingSystem Primary
  datetime: InstallDate LastBootUpTime LocalDateTime
  sint16: CurrentTimeZone
  string: BootDevice BuildNumber BuildType CSCreationClassName CSDVersion CSName
    Caption CodeSet CountryCode CreationClassName Description Locale Manufacturer Name
    OSArchitecture Organization OtherTypeDescription PlusProductID PlusVersionNumber
    RegisteredUser SerialNumber Status SystemDevice SystemDirectory SystemDrive
    Version WindowsDirectory
  string[]: MUILanguages
  uint16: OSType ServicePackMajorVersion ServicePackMinorVersion
  uint32: EncryptionLevel LargeSystemCache MaxNumberOfProcesses NumberOfLicensedUsers
    NumberOfProcesses NumberOfUsers OSLanguage OSProductSuite OperatingSystemSKU
    ProductType SuiteMask
  uint64: FreePhysicalMemory FreeSpaceInPagingFiles FreeVirtualMemory
    MaxProcessMemorySize SizeStoredInPagingFiles TotalSwapSpaceSize
    TotalVirtualMemorySize TotalVisibleMemorySize
  uint8: DataExecutionPrevention_SupportPolicy ForegroundApplicationBoost
Win32_PhysicalMemory
  key: Tag
  boolean: HotSwappable PoweredOn Removable Replaceable
  datetime: InstallDate
  string: BankLabel Caption CreationClassName Description DeviceLocator Manufacturer
    Model Name OtherIdentifyingInfo PartNumber SKU SerialNumber Status Tag Version
  uint16: DataWidth FormFactor InterleaveDataDepth MemoryType TotalWidth TypeDetail
  uint32: Attributes ConfiguredClockSpeed ConfiguredVoltage InterleavePosition
    MaxVoltage MinVoltage PositionInRow SMBIOSMemoryType Speed
  uint64: Capacity
Win32_Process
  key: Handle
  datetime: CreationDate InstallDate TerminationDate
  string: CSCreationClassName CSName Caption CommandLine CreationClassName Description
    ExecutablePath Handle Name OSCreationClassName OSName Status WindowsVersion
  uint16: ExecutionState
  uint32: HandleCount MaximumWorkingSetSize MinimumWorkingSetSize PageFaults
    PageFileUsage ParentProcessId PeakPageFileUsage PeakWorkingSetSize Priority
    ProcessId QuotaNonPagedPoolUsage QuotaPagedPoolUsage QuotaPeakNonPagedPoolUsage
    QuotaPeakPagedPoolUsage SessionId ThreadCount
  uint64: KernelModeTime OtherOperationCount OtherTransferCount PeakVirtualSize
    PrivatePageCount ReadOperationCount ReadTransferCount UserModeTime VirtualSize
    WorkingSetSize WriteOperationCount WriteTransferCount
Win32_Processor
  key: DeviceID
  boolean: ConfigManagerUserConfig ErrorCleared PowerManagementSupported
    SecondLevelAddressTranslationExtensions VMMonitorModeExtensions
    VirtualizationFirmwareEnabled
  datetime: InstallDate
  string: AssetTag Caption CreationClassName Description DeviceID ErrorDescription
    Manufacturer Name OtherFamilyDescription PNPDeviceID PartNumber ProcessorId Role
    SerialNumber SocketDesignation Status Stepping SystemCreationClassName SystemName
    UniqueId Version
  uint16: AddressWidth Architecture Availability CpuStatus CurrentVoltage DataWidth
    Family Level LoadPercentage ProcessorType Revision StatusInfo UpgradeMethod
  uint16[]: PowerManagementCapabilities
  uint32: Characteristics ConfigManagerErrorCode CurrentClockSpeed ExtClock
    L2CacheSize L2CacheSpeed L3CacheSize L3CacheSpeed LastErrorCode MaxClockSpeed
    NumberOfCores NumberOfEnabledCore NumberOfLogicalProcessors ThreadCount
    VoltageCaps
Win32_Service
  key: Name
  boolean: AcceptPause AcceptStop DelayedAutoStart DesktopInteract Started
  datetime: InstallDate
  string: Caption CreationClassName Description DisplayName ErrorControl Name PathName
    ServiceType StartMode StartName State Status SystemCreationClassName SystemName
  uint32: CheckPoint ExitCode ProcessId ServiceSpecificExitCode TagId WaitHint
Win32_SystemEnclosure
  key: Tag
  boolean: AudibleAlarm HotSwappable LockPresent PoweredOn Removable Replaceable
    VisibleAlarm
  datetime: InstallDate
  real32: Depth Height Weight Width
  sint16: CurrentRequiredOrProduced
  string: BreachDescription CableManagementStrategy Caption CreationClassName
    Description Manufacturer Model Name OtherIdentifyingInfo PartNumber SKU
    SMBIOSAssetTag SerialNumber Status Tag Version
  string[]: ServiceDescriptions TypeDescriptions
  uint16: HeatGeneration NumberOfPowerCords SecurityBreach SecurityStatus
  uint16[]: ChassisTypes ServicePhilosophy
Win32_Volume
  key: DeviceID
  boolean: Automount BootVolume Compressed ConfigManagerUserConfig DirtyBitSet
    ErrorCleared IndexingEnabled PageFilePresent PowerManagementSupported
    QuotasEnabled QuotasIncomplete QuotasRebuilding SupportsDiskQuotas
    SupportsFileBasedCompression SystemVolume
  datetime: InstallDate
  string: Caption CreationClassName Description DeviceID DriveLetter ErrorDescription
    ErrorMethodology FileSystem Label Name PNPDeviceID Purpose Status
    SystemCreationClassName SystemName
  uint16: Access Availability StatusInfo
  uint16[]: PowerManagementCapabilities
  uint32: ConfigManagerErrorCode DriveType LastErrorCode MaximumFileNameLength
    SerialNumber
  uint64: BlockSize Capacity FreeSpace NumberOfBlocks
"""
